package sigv4

import "errors"

// The codes of refusals, as AWS spells them.
const (
	CodeMissing    = "MissingAuthenticationTokenException"
	CodeIncomplete = "IncompleteSignatureException"
	CodeInvalid    = "InvalidSignatureException"
)

// Error is a refusal in AWS's words. Every error that a function of this package
// returns is one.
type Error struct {
	Code    string // one of the Code constants
	Message string // the text for the caller

	cause error
}

// Error gives code and text in one line, for logs.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Unwrap gives the sentinel that an Error stands for, if it stands for one.
func (e *Error) Unwrap() error { return e.cause }

// ErrAbsent is what Parse returns for a request without any authentication
// (M0050): no Authorization header and no X-Amz-Algorithm in the query.
var ErrAbsent error = &Error{Code: CodeMissing, Message: "Missing Authentication Token"}

// ErrOtherScheme marks an Authorization header whose first word is not
// AWS4-HMAC-SHA256. Test for it with errors.Is: the error that carries it holds
// AWS's answer, but a caller with another use for such a header, as an API key,
// may go on.
var ErrOtherScheme = errors.New("authorization is not " + algorithm)

func incomplete(message string) *Error { return &Error{Code: CodeIncomplete, Message: message} }

func invalid(message string) *Error { return &Error{Code: CodeInvalid, Message: message} }

// errMismatch says no more than M0043 does: what the server expected
// would help only those who guess.
func errMismatch() error {
	return invalid("The request signature we calculated does not match the signature you provided. " +
		"Check your AWS Secret Access Key and signing method. Consult the service documentation for details.")
}
