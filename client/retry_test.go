package client

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/meterd/meterd/api"
)

const registered = `{"Signature":"x"}`

// register makes the plainest call.
func register(ctx context.Context, c *Client) error {
	_, err := c.RegisterUsage(ctx, &api.RegisterUsageRequest{ProductCode: new("box"), PublicKeyVersion: new(int64(1)), Nonce: new("n")})
	return err
}

// cut breaks the connection instead of answering.
func cut(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// withHeader answers like step, with one more header.
func withHeader(name, value string, step http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(name, value)
		step(w, r)
	}
}

func TestWhatIsTriedAgain(t *testing.T) {
	ok := say(200, registered)
	throttled := sayError(400, api.ThrottlingException)
	for name, test := range map[string]struct {
		steps []http.HandlerFunc
		// want is the exception in the end; "-" a failure without one; "" none.
		want     api.ExceptionName
		attempts int
		// unknown: the call may have been carried out.
		unknown bool
		// waits is the least time between the first attempt and the last.
		waits time.Duration
	}{
		"at once":                    {[]http.HandlerFunc{ok}, "", 1, false, 0},
		"throttled twice":            {[]http.HandlerFunc{throttled, throttled, ok}, "", 3, false, 0},
		"throttled for good":         {[]http.HandlerFunc{throttled}, api.ThrottlingException, 3, false, 0},
		"a bare 429":                 {[]http.HandlerFunc{say(429, "slow down"), ok}, "", 2, false, 0},
		"an internal error":          {[]http.HandlerFunc{sayError(500, api.InternalServiceErrorException), ok}, "", 2, false, 0},
		"internal errors for good":   {[]http.HandlerFunc{sayError(500, api.InternalServiceErrorException)}, api.InternalServiceErrorException, 3, true, 0},
		"lost, then throttled":       {[]http.HandlerFunc{cut, throttled}, api.ThrottlingException, 3, true, 0},
		"a proxy without upstream":   {[]http.HandlerFunc{say(502, "<html>"), say(503, ""), ok}, "", 3, false, 0},
		"a proxy that says no":       {[]http.HandlerFunc{say(403, "<html>")}, "-", 1, false, 0},
		"a slow body":                {[]http.HandlerFunc{sayError(400, api.RequestTimeoutException), ok}, "", 2, false, 0},
		"no JSON":                    {[]http.HandlerFunc{say(200, "<html>"), ok}, "", 2, false, 0},
		"never JSON":                 {[]http.HandlerFunc{say(200, `{"Signature":`)}, "-", 3, true, 0},
		"cut twice":                  {[]http.HandlerFunc{cut, cut, ok}, "", 3, false, 0},
		"cut for good":               {[]http.HandlerFunc{cut}, "-", 3, true, 0},
		"a refusal":                  {[]http.HandlerFunc{sayError(400, api.InvalidRegionException)}, api.InvalidRegionException, 1, false, 0},
		"a conflict":                 {[]http.HandlerFunc{sayError(409, api.IdempotencyConflictException)}, api.IdempotencyConflictException, 1, false, 0},
		"an expired token":           {[]http.HandlerFunc{sayError(400, api.ExpiredTokenException)}, api.ExpiredTokenException, 1, false, 0},
		"no permission":              {[]http.HandlerFunc{sayError(400, api.AccessDeniedException)}, api.AccessDeniedException, 1, false, 0},
		"asked to wait":              {[]http.HandlerFunc{withHeader("Retry-After", "17", throttled), ok}, "", 2, false, 17 * time.Second},
		"asked to wait, in ms":       {[]http.HandlerFunc{withHeader("X-Amz-Retry-After", "9000", throttled), ok}, "", 2, false, 9 * time.Second},
		"asked to wait, by date":     {[]http.HandlerFunc{withHeader("Retry-After", "Sat, 01 Jan 2000 00:00:40 GMT", throttled), ok}, "", 2, false, 40 * time.Second},
		"asked to wait for a minute": {[]http.HandlerFunc{withHeader("Retry-After", "60", throttled), ok}, "", 2, false, time.Minute},
		"asked to wait for too long": {[]http.HandlerFunc{withHeader("Retry-After", "61", throttled)}, api.ThrottlingException, 1, false, 0},
		"asked to wait, illegibly":   {[]http.HandlerFunc{withHeader("Retry-After", "soon", throttled), ok}, "", 2, false, 0},
		"a redirect":                 {[]http.HandlerFunc{withHeader("Location", "http://elsewhere.test/", say(307, ""))}, "-", 1, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &script{steps: test.steps}
				c := newClient(t, configOf(s))
				began := time.Now()
				err := register(t.Context(), c)
				if len(s.seen) != test.attempts {
					t.Errorf("%d attempts, want %d", len(s.seen), test.attempts)
				}
				if waited := time.Since(began); waited < test.waits || test.waits == 0 && waited > 10*time.Second {
					t.Errorf("waited %s, want %s", waited, test.waits)
				}
				checkFailure(t, err, test.want, test.attempts, test.unknown)
				checkSameAttempts(t, s.seen)
			})
		})
	}
}

func checkFailure(t *testing.T, err error, want api.ExceptionName, attempts int, unknown bool) {
	t.Helper()
	if want == "" {
		if err != nil {
			t.Errorf("failed: %v", err)
		}
		return
	}
	failure, ok := errors.AsType[*Error](err)
	if !ok {
		t.Fatalf("no *Error: %v", err)
	}
	if want != "-" && !Is(err, want) || want == "-" && failure.API != nil {
		t.Errorf("%v, want %s", err, want)
	}
	if failure.Attempts != attempts || failure.OutcomeUnknown != unknown || failure.Operation != api.RegisterUsage {
		t.Errorf("%+v", failure)
	}
}

// checkSameAttempts holds that attempts differ in their signatures alone.
func checkSameAttempts(t *testing.T, seen []wireRequest) {
	t.Helper()
	for i, r := range seen {
		for _, name := range []string{"Authorization", "X-Amz-Date"} {
			if r.header.Get(name) == "" {
				t.Errorf("attempt %d has no %s", i+1, name)
			}
			r.header.Del(name)
		}
		if r.header.Get("Amz-Sdk-Invocation-Id") == "" || r.body != seen[0].body || len(r.header) != len(seen[0].header) {
			t.Errorf("attempt %d is %+v, the first %+v", i+1, r, seen[0])
		}
		for name := range r.header {
			if r.header.Get(name) != seen[0].header.Get(name) {
				t.Errorf("attempt %d has another %s", i+1, name)
			}
		}
	}
}

func TestAnswersHaveALimit(t *testing.T) {
	answer := func(size int) string {
		return `{"Signature":"x"` + strings.Repeat(" ", size-len(`{"Signature":"x"}`)) + "}"
	}
	for size, want := range map[int]bool{answerBytesMax: true, answerBytesMax + 1: false} {
		cfg := configOf(&script{steps: []http.HandlerFunc{say(200, answer(size))}})
		cfg.Retryer = aws.NopRetryer{}
		if err := register(t.Context(), newClient(t, cfg)); (err == nil) != want {
			t.Errorf("an answer of %d bytes: %v", size, err)
		}
	}
}

// A connection that is cut after the service has done its work must lead to
// the same record, and that of a client that gives up to an unknown outcome.
func TestALostAnswerIsOneRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service := newService(t)
		lost := 0
		cfg := configOf(nil)
		cfg.HTTPClient = &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
			response, err := inProcess(service)(r)
			if lost++; lost <= 2 {
				return nil, io.ErrUnexpectedEOF
			}
			return response, err
		})}
		c := newClient(t, cfg)
		result, err := c.BatchMeterUsage(t.Context(), batchOf(usage(7)))
		if err != nil || result.Results[0].Status != api.Success {
			t.Fatalf("%+v, %v", result, err)
		}
		if got := service.quantities(t); len(got) != 1 {
			t.Errorf("the ledger has %v", got)
		}
	})
}

func TestClientTokenIsKeptOverAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{steps: []http.HandlerFunc{sayError(500, api.InternalServiceErrorException), say(200, `{"MeteringRecordId":"x"}`)}}
		c := newClient(t, configOf(s))
		for range 2 {
			if _, err := c.MeterUsage(t.Context(), &api.MeterUsageRequest{ProductCode: new("box"), Timestamp: new(time.Now()), UsageDimension: new("users")}); err != nil {
				t.Fatal(err)
			}
		}
		_, token, found := strings.Cut(s.seen[0].body, `"ClientToken":"`)
		if !found || len(token) < 36 || token[14] != '4' {
			t.Errorf("no UUIDv4 in %s", s.seen[0].body)
		}
		if s.seen[0].body != s.seen[1].body {
			t.Error("the second attempt has another ClientToken")
		}
		if s.seen[2].body == s.seen[1].body {
			t.Error("the second call has the ClientToken of the first")
		}
	})
}

func TestAnAttemptThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		attempts := 0
		cfg := configOf(nil)
		cfg.AttemptTimeout = 5 * time.Second
		cfg.HTTPClient = &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
			if attempts++; attempts == 3 {
				return inProcess(&script{steps: []http.HandlerFunc{say(200, registered)}})(r)
			}
			<-r.Context().Done()
			return nil, r.Context().Err()
		})}
		began := time.Now()
		if err := register(t.Context(), newClient(t, cfg)); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took < 10*time.Second || took > 20*time.Second {
			t.Errorf("took %s for two attempts of 5 s each and their pauses", took)
		}
	})
}

func TestACancelledCallIsNotTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		s := &script{steps: []http.HandlerFunc{func(http.ResponseWriter, *http.Request) { cancel(); panic(http.ErrAbortHandler) }}}
		c := newClient(t, configOf(s))
		err := register(ctx, c)
		if failure, ok := errors.AsType[*Error](err); !ok || failure.Attempts != 1 || !failure.OutcomeUnknown {
			t.Errorf("cancelled under way: %+v", err)
		}
		err = register(ctx, c)
		if failure, ok := errors.AsType[*Error](err); !ok || failure.Attempts != 0 || failure.OutcomeUnknown || !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled before: %+v", err)
		}
		if len(s.seen) != 1 {
			t.Errorf("%d attempts", len(s.seen))
		}
	})
}

// The official chain and the caller decide how often a call is tried.
func TestRetryersOfOthers(t *testing.T) {
	throttled := sayError(400, api.ThrottlingException)
	for name, test := range map[string]struct {
		env     map[string]string
		retryer aws.Retryer
		want    int
	}{
		"the official chain's": {map[string]string{"AWS_MAX_ATTEMPTS": "2"}, nil, 2},
		"the adaptive mode":    {map[string]string{"AWS_RETRY_MODE": "adaptive", "AWS_MAX_ATTEMPTS": "2"}, nil, 2},
		"the caller's":         {map[string]string{"AWS_MAX_ATTEMPTS": "2"}, retry.AddWithMaxAttempts(retry.NewStandard(), 5), 5},
		"none":                 {nil, aws.NopRetryer{}, 1},
		"one that has no more": {nil, retry.NewStandard(func(o *retry.StandardOptions) { o.RateLimiter = ratelimit.NewTokenRateLimit(2*o.RetryCost - 1) }), 2},
	} {
		t.Run(name, func(t *testing.T) {
			for k, v := range test.env {
				t.Setenv(k, v)
			}
			run := synctest.Test
			if name == "the adaptive mode" {
				// It may sleep for less than a nanosecond until time has passed, which
				// in a bubble it never does.
				run = func(t *testing.T, test func(*testing.T)) { test(t) }
			}
			run(t, func(t *testing.T) {
				s := &script{steps: []http.HandlerFunc{throttled}}
				cfg := configOf(s)
				cfg.Retryer = test.retryer
				if err := register(t.Context(), newClient(t, cfg)); !Is(err, api.ThrottlingException) || len(s.seen) != test.want {
					t.Errorf("%d attempts, want %d: %v", len(s.seen), test.want, err)
				}
			})
		})
	}
}

// A retry that helps gives back what it took from the budget of retries.
func TestTheBudgetOfRetriesIsGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		throttled, ok := sayError(400, api.ThrottlingException), say(200, registered)
		s := &script{steps: []http.HandlerFunc{throttled, ok, throttled, ok, throttled, ok}}
		cfg := configOf(s)
		cfg.Retryer = retry.NewStandard(func(o *retry.StandardOptions) {
			o.RateLimiter, o.NoRetryIncrement = ratelimit.NewTokenRateLimit(o.RetryCost), 0
		})
		c := newClient(t, cfg)
		for range 3 {
			if err := register(t.Context(), c); err != nil {
				t.Error(err)
			}
		}
	})
}

// A wrong clock is found out by the service's Date, and stays corrected.
func TestClockSkewIsRepaired(t *testing.T) {
	for _, wrong := range []time.Duration{-6 * time.Minute, 6 * time.Minute, -24 * 365 * time.Hour, 24 * 365 * time.Hour} {
		service := newService(t)
		s := &script{steps: []http.HandlerFunc{service.ServeHTTP}}
		cfg := configOf(s)
		cfg.Retryer = impatient()
		cfg.Now = func() time.Time { return time.Now().Add(wrong) }
		c := newClient(t, cfg)
		for call := range 2 {
			if result, err := c.BatchMeterUsage(t.Context(), batchOf(usage(7))); err != nil || result.Results[0].Status != api.Success {
				t.Errorf("with a clock off by %s: call %d: %v", wrong, call+1, err)
			}
		}
		// The one that is refused, its repair, the second call; and the
		// question for the time where usage looks too new or too old.
		if n := len(s.seen); n < 3 || n > 4 {
			t.Errorf("with a clock off by %s: %d requests", wrong, n)
		}
	}
}

func TestAWrongSignatureIsNotBlamedOnTheClock(t *testing.T) {
	s := &script{steps: []http.HandlerFunc{sayError(400, api.InvalidSignatureException)}}
	c := newClient(t, configOf(s))
	if err := register(t.Context(), c); !Is(err, api.InvalidSignatureException) || len(s.seen) != 1 {
		t.Errorf("%v after %d attempts", err, len(s.seen))
	}
}

func TestCredentialsThatDoNotCome(t *testing.T) {
	s := &script{steps: []http.HandlerFunc{say(200, registered)}}
	cfg := configOf(s)
	cfg.Retryer = impatient()
	cfg.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{}, errors.New("nothing here")
	})
	err := register(t.Context(), newClient(t, cfg))
	failure, ok := errors.AsType[*Error](err)
	if !ok || failure.Explanation().Name != explainCredentials || failure.Attempts != 0 || len(s.seen) != 0 {
		t.Errorf("%v", err)
	}
}

// Whatever goes wrong, no error may show what only the caller may know.
func TestNoSecretInErrors(t *testing.T) {
	const token = "registration-token-that-nobody-may-see"
	for name, step := range map[string]http.HandlerFunc{
		"refused": sayError(400, api.InvalidTokenException), "cut": cut, "garbled": say(200, "<html>"), "proxy": say(502, "<html>"),
	} {
		for _, key := range []string{"", secretAPI} {
			cfg := configOf(&script{steps: []http.HandlerFunc{step}})
			cfg.Retryer = impatient()
			cfg.APIKey = key
			cfg.Credentials = credentials.NewStaticCredentialsProvider("AKIDSELLER", secretKey, "session-secret")
			_, err := newClient(t, cfg).ResolveCustomer(t.Context(), &api.ResolveCustomerRequest{RegistrationToken: new(token)})
			if err == nil {
				t.Fatal("no error")
			}
			for _, secret := range []string{token, secretAPI, secretKey, "session-secret"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("%s: the error shows %q: %v", name, secret, err)
				}
			}
		}
	}
}
