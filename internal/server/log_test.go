package server

import (
	"log/slog"
	"regexp"
	"strings"
	"testing"
)

// TestARequestIsALine: with what one looks for first.
func TestARequestIsALine(t *testing.T) {
	s := open(t, wideMarket())
	for _, test := range []struct{ raw, want string }{
		{call{op: "ResolveCustomer", body: resolveBody}.raw(t), `level=INFO msg=request operation=ResolveCustomer status=200 request=ID1 took=… from=192.0.2.1 account=111122223333 region=us-east-1`},
		{call{op: "ResolveCustomer", body: "{"}.raw(t), `level=INFO msg=request operation=ResolveCustomer status=400 request=ID1 took=… from=192.0.2.1 refused=SerializationException account=111122223333 region=us-east-1`},
		{call{op: "ResolveCustomer", secret: "guessed"}.raw(t), `level=INFO msg=request operation="" status=400 request=ID1 took=… from=192.0.2.1 refused=InvalidSignatureException`},
		{message("GET / HTTP/1.1", ""), `level=INFO msg=request operation="" status=403 request=ID1 took=… from=192.0.2.1`},
	} {
		s.log.Reset()
		a := s.do(t, test.raw)
		line := s.log.String()
		if !strings.Contains(line, "request="+a.header["x-amzn-RequestId"]) {
			t.Errorf("the line is not about request %s: %s", a.header["x-amzn-RequestId"], line)
		}
		line = regexp.MustCompile(`took=\S+`).ReplaceAllString(unmarked(line), "took=…")
		_, line, _ = strings.Cut(line, " ") // the time
		if line != test.want+"\n" {
			t.Errorf("the line is %s\nwant        %s", line, test.want)
		}
	}
}

// TestTheLogHasNoSecret looks for all that opens something, in the lines of
// calls that were answered, refused, and broken.
func TestTheLogHasNoSecret(t *testing.T) {
	var log strings.Builder
	s := open(t, wideMarket(), func(c *Config) {
		c.Logger = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	session := call{op: "ResolveCustomer", body: resolveBody, key: "AKIDSESSION", session: "session-token"}
	presigned := session
	presigned.presigned = true
	requests := append(told(t),
		session.raw(t),
		presigned.raw(t),
		plainCall("ResolveCustomer", resolveBody),
		call{op: "ResolveCustomer", body: `{"RegistrationToken":"tok-old"}`}.raw(t),
		call{op: "MeterUsage", body: strings.Replace(meterBody, "{", `{"ClientToken":"client-token",`, 1), key: "AKIDAGENT"}.raw(t),
	)
	for _, raw := range requests {
		s.do(t, raw)
		for _, match := range regexp.MustCompile(`[0-9a-f]{64}`).FindAllString(raw, -1) {
			if strings.Contains(log.String(), match) {
				t.Errorf("the log has the signature or hash %s", match)
			}
		}
	}
	for _, hidden := range []string{secret, "session-token", "YOUR API KEY", registrationToken, "tok-old", "client-token", "Signature=", "eyJ", "PRIVATE KEY"} {
		if strings.Contains(log.String(), hidden) {
			t.Errorf("the log has %q:\n%s", hidden, log.String())
		}
	}
	if n := strings.Count(log.String(), "\n"); n != len(requests) {
		t.Errorf("%d lines for %d requests", n, len(requests))
	}
}

// TestAServerWithoutLoggerAndMetrics is the zero Config's.
func TestAServerWithoutLoggerAndMetrics(t *testing.T) {
	s := open(t, wideMarket(), func(c *Config) { *c = Config{Ledger: c.Ledger} })
	if a := s.do(t, call{op: "ResolveCustomer", body: resolveBody}.raw(t)); a.body != resolved {
		t.Errorf("answer is %s", a.body)
	}
}
