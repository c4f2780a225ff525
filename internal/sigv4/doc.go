// Package sigv4 verifies AWS Signature Version 4 on the server's side, in the
// Authorization header or in the query of a presigned URL.
//
// The room is pure: the request, its body, the secret and the time are
// arguments. It reads no clock, looks up no account, keeps nothing but derived
// signing keys, and imports only the standard library. Who an access key
// belongs to, whether a session token is the right one, and what the caller may
// do are decided by others.
//
// The calls come in the order in which AWS judges a request:
//
//	sig, err := sigv4.Parse(r)                        // is there a signature, is it whole
//	err = sig.CheckTime(now)                          // is it fresh
//	err = sig.CheckScope("aws-marketplace", known)    // is it meant for us
//	secret := …                                       // find sig.AccessKeyID, compare sig.SessionToken
//	err = sig.Verify(keys, secret, r, body)           // was it made with that secret
//
// The texts of refusals are AWS's own, as published by people who observed this
// service, others of the same framework (DynamoDB, Kinesis, STS), or, for the life
// of presigned requests, S3. Only two have no such source, because AWS is not known
// to name these faults: a signature that is not hexadecimal, and signed headers
// that are out of order.
package sigv4
