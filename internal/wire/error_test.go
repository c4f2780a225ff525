package wire

import (
	"testing"

	"github.com/meterd/meterd/api"
)

func TestAppendError(t *testing.T) {
	tests := []struct {
		err  api.Error
		want string
	}{
		{api.Error{Name: api.InvalidTokenException, Message: "Registration token is invalid"}, `{"__type":"InvalidTokenException","message":"Registration token is invalid"}`},
		{api.Error{Name: api.AccessDeniedException, Message: "User: x is not authorized"}, `{"__type":"AccessDeniedException","Message":"User: x is not authorized"}`},
		{api.Error{Name: api.SerializationException, Message: "Expected null"}, `{"__type":"SerializationException","Message":"Expected null"}`},
		{api.Error{Name: api.SerializationException}, `{"__type":"SerializationException"}`},
		{api.Error{Name: api.UnknownOperationException}, `{"__type":"UnknownOperationException"}`},
		{api.Error{Name: api.MissingAuthenticationTokenException, Message: "Missing Authentication Token"}, `{"__type":"MissingAuthenticationTokenException","message":"Missing Authentication Token"}`},
		{api.Error{Name: api.ValidationException, Message: "Value 'a\"\n<é' at 'x'"}, `{"__type":"ValidationException","message":"Value 'a\"\n<é' at 'x'"}`},
	}
	for _, test := range tests {
		if got := string(AppendError(nil, &test.err)); got != test.want {
			t.Errorf("got %s\nwant %s", got, test.want)
		}
	}
}

// The Go SDK reads the message of a modelled exception in lower case only.
func TestModelledExceptionsHaveLowerCaseMessages(t *testing.T) {
	for _, exception := range api.Exceptions {
		want := `{"__type":"` + string(exception.Name) + `","message":"text"}`
		if got := string(AppendError(nil, &api.Error{Name: exception.Name, Message: "text"})); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
