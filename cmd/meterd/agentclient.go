package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/spf13/pflag"

	"github.com/meterd/meterd/internal/plan"
)

// agentClient asks the API of a running agent.
type agentClient struct {
	url, token string
}

func (c *agentClient) addFlags(flags *pflag.FlagSet) {
	flags.StringVar(&c.url, "agent-url", "http://"+plan.DefaultListen, "where the agent's API is")
	flags.StringVar(&c.token, "token", "", "the agent's token, if it wants one")
}

// send asks and returns an answer that is a success. The caller closes its body.
func (c *agentClient) send(ctx context.Context, method, path string, request any, accept string) (*http.Response, error) {
	if err := checkURL("--agent-url", c.url); err != nil {
		return nil, err
	}
	body, err := json.Marshal(request)
	if err != nil {
		return nil, fmt.Errorf("encoding the request: %w", err)
	}
	r, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(c.url, "/")+path, bytes.NewReader(body))
	if err != nil {
		return nil, usagef("--agent-url: %w", err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", accept)
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	answer, err := adminHTTP.Do(r)
	if err != nil {
		return nil, fmt.Errorf("asking the agent at %s: %w; is one running? 'meterd agent' starts it", c.url, err)
	}
	if answer.StatusCode != http.StatusOK {
		defer answer.Body.Close()
		return nil, agentRefusal(answer)
	}
	return answer, nil
}

// agentRefusal reads why the agent refused.
func agentRefusal(answer *http.Response) error {
	var told struct {
		Error string `json:"error"`
	}
	err := json.NewDecoder(io.LimitReader(answer.Body, adminAnswerMax)).Decode(&told)
	switch {
	case err != nil || told.Error == "":
		return fmt.Errorf("%s answered %s, which is not an agent's API; the agent's ready line says where that is (give it as --agent-url)", answer.Request.URL, answer.Status)
	case answer.StatusCode == http.StatusUnauthorized:
		return fmt.Errorf("%s (give it as --token or METERD_TOKEN)", told.Error)
	}
	return errors.New(told.Error)
}

// call asks and reads a JSON answer.
func (c *agentClient) call(ctx context.Context, method, path string, request, answer any) error {
	response, err := c.send(ctx, method, path, request, "application/json")
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(answer); err != nil {
		return fmt.Errorf("reading the agent's answer: %w", err)
	}
	return nil
}
