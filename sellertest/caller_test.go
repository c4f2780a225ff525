package sellertest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// caller calls an HTTP API.
type caller struct {
	client      *http.Client
	base, token string
}

// call sends a body, if there is one, as JSON, and reads the answer into a value
// unless the call was refused outright.
func (c *caller) call(method, path string, body, into any) (status int, err error) {
	var text io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return 0, err
		}
		text = bytes.NewReader(encoded)
	}
	r, err := http.NewRequest(method, c.base+path, text)
	if err != nil {
		return 0, err
	}
	r.Header.Set("Content-Type", "application/json")
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	answer, err := c.client.Do(r)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	read, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, err
	}
	if into == nil || answer.StatusCode != http.StatusOK && answer.StatusCode != http.StatusUnprocessableEntity {
		return answer.StatusCode, nil
	}
	if err := json.Unmarshal(read, into); err != nil {
		return answer.StatusCode, fmt.Errorf("the answer %.200q: %w", read, err)
	}
	return answer.StatusCode, nil
}
