package wire

import "github.com/meterd/meterd/api"

// AppendError writes the body of an error, the same in both dialects. The type
// is in the body because boto3 and the command-line tools look nowhere else,
// and short because some of them choke on longer forms (M0020).
func AppendError(dst []byte, e *api.Error) []byte {
	dst = append(dst, '{')
	dst = appendText(dst, "__type", string(e.Name))
	dst = appendText(dst, messageKey(e.Name), e.Message)
	return append(dst, '}')
}

// messageKey is how the member is spelled: M0021, the model's exceptions have it
// in lower case, which is the only spelling that the Go SDK reads for them, and
// two of the framework's own have it with a capital.
func messageKey(name api.ExceptionName) string {
	switch name {
	case api.AccessDeniedException, api.SerializationException:
		return "Message"
	}
	return "message"
}
