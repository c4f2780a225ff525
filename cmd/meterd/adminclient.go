package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"syscall"

	"github.com/spf13/pflag"

	"github.com/meterd/meterd/internal/admin"
	"github.com/meterd/meterd/internal/wire"
)

// adminURLs are where a meterd on this machine is looked for when nobody says:
// where dev has its admin surface, and where serve has.
var adminURLs = []string{"http://127.0.0.1:8421", "http://127.0.0.1:8423"}

// adminClient asks the admin surface of a running meterd.
type adminClient struct {
	url, token string
}

func (c *adminClient) addFlags(flags *pflag.FlagSet) {
	flags.StringVar(&c.url, "admin-url", "", "where the service's admin surface is (default "+strings.Join(adminURLs, " or else ")+")")
	flags.StringVar(&c.token, "admin-token", "", "token of the admin surface")
}

// adminHTTP waits for the beginning of an answer only: a list of records may
// take longer to the end.
var adminHTTP = &http.Client{Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, ResponseHeaderTimeout: adminTimeout}}

// send asks and returns an answer that is a success. The caller closes its body.
func (c *adminClient) send(ctx context.Context, method, path string, query url.Values, body []byte, accept string) (*http.Response, error) {
	base, err := c.base(ctx)
	if err != nil {
		return nil, err
	}
	target := base + admin.Prefix + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	r, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(body))
	if err != nil {
		return nil, usagef("--admin-url: %w", err)
	}
	if accept != "" {
		r.Header.Set("Accept", accept)
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	answer, err := adminHTTP.Do(r)
	if err != nil {
		return nil, explainConnection(fmt.Errorf("asking the admin surface: %w", err))
	}
	if answer.StatusCode != http.StatusOK {
		defer answer.Body.Close()
		return nil, adminRefusal(answer)
	}
	return answer, nil
}

// base returns where the admin surface is.
func (c *adminClient) base(ctx context.Context) (string, error) {
	if c.url != "" {
		if err := checkURL("--admin-url", c.url); err != nil {
			return "", err
		}
		base := strings.TrimSuffix(strings.TrimSuffix(c.url, "/"), strings.TrimSuffix(admin.Prefix, "/"))
		return strings.TrimSuffix(base, "/"), nil
	}
	var failed []error
	for _, base := range adminURLs {
		err := probe(ctx, base)
		if err == nil {
			return base, nil
		}
		failed = append(failed, fmt.Errorf("%s: %w", base, err))
	}
	return "", fmt.Errorf("no meterd answers on this machine; start one with 'meterd dev', or name one with --admin-url\n%w", errors.Join(failed...))
}

func probe(ctx context.Context, base string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, base+admin.Prefix+"health", nil)
	if err != nil {
		return err
	}
	answer, err := adminHTTP.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("no admin surface there (status %d)", answer.StatusCode)
	}
	return nil
}

// adminRefusal reads why the admin surface refused.
func adminRefusal(answer *http.Response) error {
	var told struct {
		Error string `json:"error"`
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, adminAnswerMax))
	if answer.Header.Get(wire.RequestIDHeader) != "" {
		return fmt.Errorf("%s://%s is meterd's API, which does not tell this; the admin surface is where the ready line says admin=…, with serve on the port of --admin-listen (give it as --admin-url)", answer.Request.URL.Scheme, answer.Request.URL.Host)
	}
	if err != nil || json.Unmarshal(text, &told) != nil || told.Error == "" {
		return fmt.Errorf("%s answered %s, which is not meterd's admin surface", answer.Request.URL, answer.Status)
	}
	if answer.StatusCode == http.StatusUnauthorized {
		return fmt.Errorf("%s (give it as --admin-token or METERD_ADMIN_TOKEN; serve keeps it in DIR/admin-token)", told.Error)
	}
	return errors.New(told.Error)
}

// call asks and reads a JSON answer.
func (c *adminClient) call(ctx context.Context, method, path string, request, answer any) error {
	var body []byte
	if request != nil {
		var err error
		if body, err = json.Marshal(request); err != nil {
			return fmt.Errorf("encoding the request: %w", err)
		}
	}
	response, err := c.send(ctx, method, path, nil, body, "application/json")
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if err := json.NewDecoder(io.LimitReader(response.Body, adminAnswerMax)).Decode(answer); err != nil {
		return fmt.Errorf("reading the admin surface's answer: %w", err)
	}
	return nil
}

// fetch asks for a text.
func (c *adminClient) fetch(ctx context.Context, path string, query url.Values) ([]byte, error) {
	response, err := c.send(ctx, http.MethodGet, path, query, nil, "")
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, adminAnswerMax+1))
	if err == nil && len(text) > adminAnswerMax {
		err = fmt.Errorf("it is larger than %d bytes", adminAnswerMax)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the admin surface's answer: %w", err)
	}
	return text, nil
}

// explainConnection adds what to do to an error of the network.
func explainConnection(err error) error {
	if errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("%w; is meterd running? 'meterd dev' starts one", err)
	}
	return err
}
