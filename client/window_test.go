package client

import (
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"github.com/meterd/meterd/api"
	"github.com/meterd/meterd/internal/metering"
)

func at(text string) time.Time {
	t, err := time.Parse(time.DateTime, text)
	if err != nil {
		panic(err) // unreachable unless a test has a typo
	}
	return t
}

func TestWindowEdges(t *testing.T) {
	for _, test := range []struct {
		window   window
		now, t   string
		excluded bool
	}{
		{batchWindow, "2026-11-22 12:30:00", "2026-11-22 12:30:00", false},
		{batchWindow, "2026-11-22 12:30:00", "2026-11-21 11:29:00", false},
		{batchWindow, "2026-11-22 12:30:00", "2026-11-21 11:28:59", true},
		{batchWindow, "2026-11-22 12:30:00", "2026-11-22 12:46:00", false},
		{batchWindow, "2026-11-22 12:30:00", "2026-11-22 12:46:01", true},
		{meterWindow, "2026-11-22 12:30:00", "2026-11-22 05:29:00", false},
		{meterWindow, "2026-11-22 12:30:00", "2026-11-22 05:28:59", true},
		{batchWindow, "2026-12-01 06:01:00", "2026-11-30 23:59:59", false},
		{batchWindow, "2026-12-01 06:01:01", "2026-11-30 23:59:59", true},
		{batchWindow, "2026-12-01 06:01:01", "2026-12-01 00:00:00", false},
		{meterWindow, "2026-12-01 06:01:01", "2026-11-30 23:59:59", false},
		{batchWindow, "2026-12-01 05:00:00", "2026-11-01 00:00:00", false}, // an open month may revive its records
		{batchWindow, "2026-12-01 05:00:00", "2026-10-31 23:59:59", true},
		{batchWindow, "2027-01-01 05:00:00", "2026-12-01 00:00:00", false},
	} {
		if why := test.window.excludes(at(test.t), at(test.now)); (why != "") != test.excluded {
			t.Errorf("%s at %s: %q, want excluded %v", test.t, test.now, why, test.excluded)
		}
	}
}

// Nothing that any of the service's readings of the rules lets in may be
// excluded, and what lies far out must be.
func TestWindowExcludesOnlyWhatTheServiceDoes(t *testing.T) {
	profile, err := metering.ProfileNamed(metering.DefaultProfile)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(3, 4))
	excluded := 0
	for range 20_000 {
		now := at("2026-11-28 00:00:00").Add(time.Duration(random.Int64N(int64(6 * 24 * time.Hour))))
		ts := now.Add(time.Duration(random.Int64N(int64(60*time.Hour))) - 58*time.Hour)
		profile.AgeByHour, profile.MonthEndRevives = random.IntN(2) == 0, random.IntN(2) == 0
		for _, side := range []struct {
			client window
			server metering.Window
		}{{batchWindow, profile.BatchWindow()}, {meterWindow, profile.MeterWindow()}} {
			if side.client.excludes(ts, now) == "" {
				continue
			}
			excluded++
			if side.server.Check(ts, now) == nil {
				t.Fatalf("at %s the service takes %s (by hour %v, revived %v)", now, ts, profile.AgeByHour, profile.MonthEndRevives)
			}
		}
	}
	if excluded < 10_000 {
		t.Errorf("only %d of 40,000 are excluded: the check does little", excluded)
	}
}

// The service's clock decides, and it is asked before anything is refused.
func TestWindowByTheServicesClock(t *testing.T) {
	day := 24 * time.Hour
	for name, test := range map[string]struct {
		moved, wrong time.Duration // the service's clock, this machine's
		check        WindowCheck
		usage        time.Duration // by the true time
		want         api.ExceptionName
		sent         bool
	}{
		"in time":                              {0, 0, WindowCheckAlways, -time.Hour, "", true},
		"too old":                              {0, 0, WindowCheckAlways, -26 * time.Hour, api.TimestampOutOfBoundsException, false},
		"too new":                              {0, 0, WindowCheckAlways, 26 * time.Hour, api.TimestampOutOfBoundsException, false},
		"perhaps too old":                      {0, 0, WindowCheckAlways, -24*time.Hour - time.Minute, api.TimestampOutOfBoundsException, true},
		"too old, unchecked":                   {0, 0, WindowCheckNever, -26 * time.Hour, api.TimestampOutOfBoundsException, true},
		"this clock is fast":                   {0, 3 * day, WindowCheckAlways, 0, "", true},
		"this clock is slow":                   {0, -3 * day, WindowCheckAlways, 0, "", true},
		"this clock is fast, usage is too old": {0, 3 * day, WindowCheckAlways, -26 * time.Hour, api.TimestampOutOfBoundsException, false},
		"a moved service":                      {40 * day, 0, WindowCheckAlways, 40 * day, "", true},
		"a moved service, usage is of today":   {40 * day, 0, WindowCheckAlways, 0, api.TimestampOutOfBoundsException, true},
	} {
		t.Run(name, func(t *testing.T) {
			midMonth(t, func(t *testing.T) {
				service := newService(t)
				var calls, questions int
				cfg := configOf(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.Header.Get("X-Amz-Target") == "" {
						questions++
					} else {
						calls++
					}
					service.ServeHTTP(w, r)
				}))
				service.clock.Advance(test.moved)
				cfg.Retryer, cfg.WindowCheck = impatient(), test.check
				cfg.Now = func() time.Time { return time.Now().Add(test.wrong) }
				record := usage(7)
				record.Timestamp = new(time.Now().Add(test.usage))
				_, err := newClient(t, cfg).BatchMeterUsage(t.Context(), batchOf(record))
				if test.want == "" && err != nil || test.want != "" && !Is(err, test.want) {
					t.Errorf("%v, want %q", err, test.want)
				}
				if (calls > 0) != test.sent {
					t.Errorf("%d calls were made", calls)
				}
				if !test.sent && questions != 1 {
					t.Errorf("refused after %d questions for the time", questions)
				}
			})
		})
	}
}

// By default, only AWS's own hosts are taken to have AWS's windows.
func TestWindowCheckByDefault(t *testing.T) {
	for endpoint, want := range map[string]int{"": 0, "http://meterd.test": 1} {
		calls := 0
		service := newService(t)
		cfg := configOf(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("X-Amz-Target") != "" {
				calls++
			}
			service.ServeHTTP(w, r)
		}))
		cfg.Endpoint, cfg.WindowCheck = endpoint, WindowCheckAWS
		record := usage(7)
		record.Timestamp = new(time.Now().Add(time.Hour))
		_, err := newClient(t, cfg).BatchMeterUsage(t.Context(), batchOf(record))
		if !Is(err, api.TimestampOutOfBoundsException) || calls != want {
			t.Errorf("endpoint %q: %v after %d calls", endpoint, err, calls)
		}
	}
}

// A clock that is moved under a client's eyes must not lead to a refusal by
// the time that was.
func TestAClockThatIsMoved(t *testing.T) {
	service := newService(t)
	cfg := configOf(service)
	cfg.Retryer = impatient()
	c := newClient(t, cfg)
	for range 3 {
		record := usage(7)
		record.Timestamp = new(service.clock.Now())
		if result, err := c.BatchMeterUsage(t.Context(), batchOf(record)); err != nil || result.Results[0].Status != api.Success {
			t.Errorf("%+v, %v", result, err)
		}
		service.clock.Advance(30 * 24 * time.Hour)
	}
}

// A service that does not tell its time judges itself.
func TestNoTimeNoRefusal(t *testing.T) {
	for name, change := range map[string]func(http.Header){
		"none":       func(h http.Header) { h.Del("Date") },
		"illegible":  func(h http.Header) { h.Set("Date", "today") },
		"of a cache": func(h http.Header) { h.Set("Age", "100000") },
	} {
		service := newService(t)
		cfg := configOf(nil)
		cfg.HTTPClient = &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
			response, err := inProcess(service)(r)
			change(response.Header)
			return response, err
		})}
		record := usage(7)
		record.Timestamp = new(time.Now().Add(-26 * time.Hour))
		_, err := newClient(t, cfg).BatchMeterUsage(t.Context(), batchOf(record))
		if !Is(err, api.TimestampOutOfBoundsException) || err.(*Error).Attempts != 1 {
			t.Errorf("%s: %v", name, err)
		}
	}
}
