package sigv4

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"unicode"
)

// drafts are requests that the official Go signer signs.
var drafts = map[string]draft{
	"plain":                {target: "/", body: "{}"},
	"no path":              {target: "", body: "{}"},
	"no body":              {target: "/"},
	"double slash":         {target: "//", body: "{}"},
	"base path":            {target: "/base/path/", body: "{}"},
	"dot segments":         {target: "/a/./b/../c//", body: "{}"},
	"escaped path":         {target: "/a%20b/%7e%2F/%C3%BC/x+y", body: "{}"},
	"raw path":             {target: "/ü/'(a)'!*;=@:$,&", body: "{}"},
	"query":                {target: "/?b=2&a=1&a=0&A=9&a-b=3&empty=&bare&sp=x+y%20z&slash=a/b&pct=%25", body: "{}"},
	"session token":        {target: "/", body: "{}", token: "IQoJ//+token=="},
	"blanks in header":     {target: "/", header: http.Header{"X-Amz-Meta-A": {"  a   b  "}, "X-Empty": {""}}},
	"tab in header":        {target: "/", header: http.Header{"X-Amz-Meta-A": {"a\t \tb"}}},
	"repeated header":      {target: "/", header: http.Header{"X-Amz-Meta-A": {"b", " a", ""}}},
	"presigned":            {target: "/", body: "{}", presigned: true, expires: "900"},
	"presigned, no expiry": {target: "/", body: "{}", presigned: true},
	"presigned, all":       {target: "/a//b%20c/?x=1&b=&a=+", body: "{}", presigned: true, expires: "1", token: "IQoJ//+token=="},
}

func TestOfficialSignerVerifies(t *testing.T) {
	for name, d := range drafts {
		t.Run(name, func(t *testing.T) {
			r := d.sign(t)
			s, err := Parse(r)
			if err != nil {
				t.Fatal(err)
			}
			if s.AccessKeyID != testKeyID || s.SessionToken != d.token || s.Presigned != d.presigned || !s.Time.Equal(testNow) {
				t.Errorf("Parse gave %+v", s)
			}
			if err := judge(new(KeyCache), r, []byte(d.body)); err != nil {
				t.Errorf("as signed: %v", err)
			}
			raw := wireBytes(t, r)
			if err := judgeBytes(raw); err != nil {
				t.Errorf("over the wire: %v", err)
			}
		})
	}
}

// alterations are what must not be done to a signed request unnoticed.
var alterations = map[string]func(r *http.Request, body *[]byte, secret *string){
	"method": func(r *http.Request, _ *[]byte, _ *string) { r.Method = "PUT" },
	"host":   func(r *http.Request, _ *[]byte, _ *string) { r.Host = "127.0.0.1:8422" },
	"path": func(r *http.Request, _ *[]byte, _ *string) {
		r.URL.Path, r.URL.RawPath = r.URL.Path+"x", ""
	},
	"parameter": func(r *http.Request, _ *[]byte, _ *string) { r.URL.RawQuery += "&x" },
	"second signature parameter": func(r *http.Request, _ *[]byte, _ *string) {
		r.URL.RawQuery += "&X-Amz-Signature=x"
	},
	"header value":  func(r *http.Request, _ *[]byte, _ *string) { r.Header["Content-Type"][0] += "x" },
	"header twice":  func(r *http.Request, _ *[]byte, _ *string) { r.Header.Add("Content-Type", "x") },
	"header gone":   func(r *http.Request, _ *[]byte, _ *string) { delete(r.Header, "Content-Type") },
	"header list":   func(r *http.Request, _ *[]byte, _ *string) { replaceClaim(r, "content-type;", "") },
	"region":        func(r *http.Request, _ *[]byte, _ *string) { replaceClaim(r, "us-east-1", "us-east-2") },
	"date of scope": func(r *http.Request, _ *[]byte, _ *string) { replaceClaim(r, "20261122/", "20261121/") },
	"body":          func(_ *http.Request, body *[]byte, _ *string) { *body = append(*body, ' ') },
	"secret":        func(_ *http.Request, _ *[]byte, secret *string) { *secret += "x" },
}

// replaceClaim changes what the request says about its signature.
func replaceClaim(r *http.Request, from, to string) {
	if a := r.Header.Get("Authorization"); a != "" {
		r.Header.Set("Authorization", strings.Replace(a, from, to, 1))
	}
	r.URL.RawQuery = strings.Replace(r.URL.RawQuery, url.QueryEscape(from), url.QueryEscape(to), 1)
}

func TestOfficialSignerAltered(t *testing.T) {
	for name, d := range drafts {
		for alteration, alter := range alterations {
			t.Run(name+"/"+alteration, func(t *testing.T) {
				if err := judgeAltered(t, d, alter); message(err) != mismatchText {
					t.Errorf("got %s", message(err))
				}
			})
		}
	}
}

// judgeAltered leaves out CheckScope: Verify alone must notice.
func judgeAltered(t *testing.T, d draft, alter func(*http.Request, *[]byte, *string)) error {
	t.Helper()
	r, body, secret := d.sign(t), []byte(d.body), testSecret
	alter(r, &body, &secret)
	s, err := Parse(r)
	if err != nil {
		t.Fatal(err)
	}
	return s.Verify(new(KeyCache), secret, r, body)
}

func TestOfficialSignerOverHTTP2(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = judge(new(KeyCache), r, body)
		}
		io.WriteString(w, r.Proto+" "+message(err))
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()

	r := draft{target: "//base?x=1", body: "{}"}.sign(t)
	r.URL.Scheme, r.URL.Host = "https", server.Listener.Addr().String()
	r.Host = "127.0.0.1:8421"
	response, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if got, err := io.ReadAll(response.Body); err != nil || string(got) != "HTTP/2.0 ok" {
		t.Errorf("got %s, %v", got, err)
	}
}

// FuzzOfficialSigner holds what the official Go signer signs to verify, and the
// same with anything altered not to.
func FuzzOfficialSigner(f *testing.F) {
	for _, d := range drafts {
		f.Add(d.target, d.header.Get("X-Amz-Meta-A"), "second", d.token, []byte(d.body), d.presigned)
	}
	f.Fuzz(func(t *testing.T, target, value, value2, token string, body []byte, presigned bool) {
		d := draft{
			target:    "/" + target,
			header:    http.Header{"X-Amz-Meta-A": {value, value2}},
			body:      string(body),
			token:     token,
			presigned: presigned,
			expires:   "60",
		}
		if !d.sendable() {
			t.Skip("not a request that a client can send")
		}
		raw := wireBytes(t, d.sign(t))
		if err := judgeBytes(raw); err != nil {
			t.Fatalf("%v\n%q", err, raw)
		}
		for name, alter := range alterations {
			if judgeAltered(t, d, alter) == nil {
				t.Errorf("altered in %s, verifies:\n%q", name, raw)
			}
		}
		altered := bytes.Replace(raw, []byte("Signature="), []byte("Signature=0"), 1)
		if judgeBytes(altered) == nil {
			t.Errorf("verifies with a longer signature:\n%q", raw)
		}
	})
}

// sendable reports whether net/http would send the draft, and the signer can
// sign it: parameters of its own must not stand in the query already.
func (d draft) sendable() bool {
	u, err := url.Parse("http://127.0.0.1:8421" + d.target)
	if err != nil || u.Host != "127.0.0.1:8421" {
		return false
	}
	for key := range u.Query() {
		if strings.HasPrefix(key, "X-Amz-") {
			return false
		}
	}
	for _, value := range append(d.header["X-Amz-Meta-A"], d.token) {
		if strings.ContainsFunc(value, func(c rune) bool { return c != '\t' && unicode.IsControl(c) }) {
			return false
		}
	}
	return true
}
