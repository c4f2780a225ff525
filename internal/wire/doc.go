// Package wire turns bytes into the words of [api] and back.
//
// It knows the two dialects that clients of the service speak ([Dialect]),
// finds out which operation a request means ([OperationOf]), decodes the four
// requests, encodes the four results and every error, and spells the headers
// ([Reply]). Decoding reports what the service's framework reports: a value of
// the wrong JSON type is a SerializationException with the framework's text.
//
// It decides nothing: whether a well-typed request is acceptable is said by
// [api] and by the rules. It authenticates nobody, reads no clock and keeps no
// state between calls.
package wire
