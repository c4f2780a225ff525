package client

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/meterd/meterd/api"
)

const goodToken = "tok+/=%41abc"

func form(fields ...string) string {
	values := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		values.Set(fields[i], fields[i+1])
	}
	return values.Encode()
}

func post(target, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, target, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

func TestALandingCustomer(t *testing.T) {
	c := newClient(t, configOf(newService(t)))
	want := Customer{
		ResolveCustomerResult: api.ResolveCustomerResult{CustomerIdentifier: "cust-1", ProductCode: "saas", CustomerAWSAccountId: "222233334444", LicenseArn: licenseA},
		OfferType:             "free-trial", AgreementID: "agmt-1",
	}
	query := form(tokenField, goodToken, offerTypeField, "free-trial", agreementField, "agmt-1")
	for name, request := range map[string]*http.Request{
		"posted":     post("/register", query),
		"redirected": httptest.NewRequest(http.MethodGet, "/register?"+query, nil),
	} {
		t.Run(name, func(t *testing.T) {
			var got Customer
			handler := RegistrationHandler(c, func(_ context.Context, customer Customer) (string, error) {
				got = customer
				return "https://app.example.com/welcome?a=b", nil
			}, RegistrationOptions{})
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, request)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("the customer:\n%s", diff)
			}
			if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "https://app.example.com/welcome?a=b" {
				t.Errorf("%d to %q", w.Code, w.Header().Get("Location"))
			}
			if w.Header().Get("Referrer-Policy") != "no-referrer" || w.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("headers: %v", w.Header())
			}
		})
	}
}

// resolverFunc is a resolver that does as a test says.
type resolverFunc func(token string) (*api.ResolveCustomerResult, error)

func (f resolverFunc) ResolveCustomer(_ context.Context, r *api.ResolveCustomerRequest) (*api.ResolveCustomerResult, error) {
	return f(*r.RegistrationToken)
}

func TestLandingPages(t *testing.T) {
	service := newService(t)
	cfg := configOf(service)
	cfg.Retryer = impatient()
	real := newClient(t, cfg)
	failing := func(status int, body string) Resolver {
		cfg := configOf(&script{steps: []http.HandlerFunc{say(status, body)}})
		cfg.Retryer = impatient()
		return newClient(t, cfg)
	}
	done := func(context.Context, Customer) (string, error) { return "", nil }
	for name, test := range map[string]struct {
		resolver Resolver
		request  *http.Request
		welcome  func(context.Context, Customer) (string, error)
		status   int
		page     page
	}{
		"no redirect":              {real, post("/", form(tokenField, goodToken)), done, 200, pageDone},
		"expired":                  {real, post("/", form(tokenField, "old")), done, 400, pageExpired},
		"garbage":                  {real, post("/", form(tokenField, "garbage-token")), done, 400, pageInvalid},
		"decoded twice":            {real, post("/", tokenField+"=tok+/=%41abc"), done, 400, pageInvalid},
		"no token":                 {real, post("/", form(offerTypeField, "free-trial")), done, 400, pageStart},
		"a token in the query":     {real, post("/?"+form(tokenField, goodToken), ""), done, 400, pageStart},
		"a visitor":                {real, httptest.NewRequest("GET", "/", nil), done, 400, pageStart},
		"a robot":                  {real, httptest.NewRequest("PUT", "/", nil), done, 405, pageStart},
		"no form":                  {real, post("/", tokenField+"=%zz"), done, 400, pageStart},
		"too large":                {real, post("/", form(tokenField, strings.Repeat("x", registrationBytesMax))), done, 400, pageStart},
		"the seller is throttled":  {failing(400, `{"__type":"ThrottlingException"}`), post("/", form(tokenField, goodToken)), done, 503, pageTrouble},
		"the seller's credentials": {failing(400, `{"__type":"ExpiredTokenException","message":"The security token included in the request is expired"}`), post("/", form(tokenField, goodToken)), done, 503, pageTrouble},
		"a proxy":                  {failing(502, "<html>"), post("/", form(tokenField, goodToken)), done, 503, pageTrouble},
		"another resolver's error": {resolverFunc(func(string) (*api.ResolveCustomerResult, error) { return nil, errors.New("no") }), post("/", form(tokenField, goodToken)), done, 503, pageTrouble},
		"the seller's program": {real, post("/", form(tokenField, goodToken)), func(context.Context, Customer) (string, error) {
			return "", errors.New("database password is hunter2")
		}, 500, pageTrouble},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			w := httptest.NewRecorder()
			RegistrationHandler(test.resolver, test.welcome, RegistrationOptions{
				Product: "Example <Analytics>", Contact: "help@example.com", Logger: slog.New(slog.NewTextHandler(&log, nil)),
			}).ServeHTTP(w, test.request)
			body := w.Body.String()
			if w.Code != test.status || !strings.Contains(body, "<h1>"+test.page.Title+"</h1>") {
				t.Errorf("%d %s, want %d %q", w.Code, body, test.status, test.page.Title)
			}
			if !strings.Contains(body, "Example &lt;Analytics&gt;") || !strings.Contains(body, "help@example.com") {
				t.Errorf("product or contact is missing in %s", body)
			}
			for _, secret := range []string{goodToken, url.QueryEscape(goodToken), "garbage-token", "hunter2", "Exception", "111122223333"} {
				if strings.Contains(body, secret) {
					t.Errorf("the page shows %q: %s", secret, body)
				}
			}
			for _, secret := range []string{goodToken, url.QueryEscape(goodToken), "garbage-token"} {
				if strings.Contains(log.String(), secret) {
					t.Errorf("the log shows a token: %s", log.String())
				}
			}
			for _, header := range []string{"Cache-Control", "Referrer-Policy", "Content-Security-Policy", "X-Content-Type-Options"} {
				if w.Header().Get(header) == "" {
					t.Errorf("no header %s", header)
				}
			}
		})
	}
}
