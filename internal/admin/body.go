package admin

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
)

// readBody reads a body of at most max bytes.
func readBody(r *http.Request, max int64) ([]byte, error) {
	// Without a writer MaxBytesReader does not close the connection early;
	// the server does so after the answer.
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, max))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, refuse(http.StatusRequestEntityTooLarge, "the body is larger than %d bytes", max)
	}
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "the body cannot be read: %v", err)
	}
	return body, nil
}

// decodeBody reads a JSON object into a struct and refuses what the struct
// does not have.
func decodeBody(r *http.Request, into any) error {
	body, err := readBody(r, bodyBytesMax)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return explainJSON(body, err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return refuse(http.StatusBadRequest, "the body has more after its JSON object")
	}
	return nil
}

func explainJSON(body []byte, err error) error {
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.Is(err, io.EOF):
		return refuse(http.StatusBadRequest, "the body is empty; send a JSON object")
	case errors.As(err, &wrong) && wrong.Field != "":
		var raw map[string]json.RawMessage
		// The text has been read once; what is not there shows as nothing.
		_ = json.Unmarshal(body, &raw)
		return refuse(http.StatusBadRequest, "field %q: %s is not a %s", wrong.Field, raw[wrong.Field], wrong.Type)
	}
	return refuse(http.StatusBadRequest, "the body is not as expected: %s", strings.TrimPrefix(err.Error(), "json: "))
}
