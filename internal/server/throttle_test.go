package server

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/meterd/meterd/api"
	"github.com/meterd/meterd/internal/metering"
)

// throttledAt limits the server under test.
func throttledAt(tb testing.TB, rate string) func(*Config) {
	tb.Helper()
	throttle, err := ParseThrottle(rate)
	if err != nil {
		tb.Fatal(err)
	}
	return func(c *Config) { c.Throttle = throttle }
}

func TestParseThrottle(t *testing.T) {
	for text, want := range map[string]map[api.Operation]float64{
		"":      {api.BatchMeterUsage: 0, api.RegisterUsage: 0},
		"off":   {api.BatchMeterUsage: 0, api.RegisterUsage: 0},
		"aws":   {api.BatchMeterUsage: 10, api.MeterUsage: 10, api.RegisterUsage: 5, api.ResolveCustomer: 10},
		"2.5":   {api.BatchMeterUsage: 2.5, api.MeterUsage: 2.5, api.RegisterUsage: 2.5, api.ResolveCustomer: 2.5},
		"1e9":   {api.BatchMeterUsage: 1e9},
		"0.001": {api.BatchMeterUsage: 0.001},
	} {
		throttle, err := ParseThrottle(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
		}
		for op, rate := range want {
			if got := throttle.rate(op); got != rate {
				t.Errorf("%q: %s may be called %v times a second, want %v", text, op, got, rate)
			}
		}
	}
	for _, text := range []string{"0", "-1", "NaN", "Inf", "1e10", "on", "AWS", "10/s", " 1"} {
		if throttle, err := ParseThrottle(text); err == nil {
			t.Errorf("%q is taken for %+v", text, throttle)
		}
	}
}

// calls counts how many calls in a row are let through.
func (t *throttle) calls(account metering.AccountID, region metering.Region, op api.Operation) (n int) {
	for n < 1000 && t.allow(account, region, op) {
		n++
	}
	return n
}

func TestAThrottleLimitsByAccountRegionAndOperation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		throttle := newThrottle(Throttle{aws: true})
		for _, step := range []struct {
			after   time.Duration
			account metering.AccountID
			region  metering.Region
			op      api.Operation
			want    int
		}{
			{0, seller, "us-east-1", api.BatchMeterUsage, 10},
			{0, seller, "us-east-1", api.BatchMeterUsage, 0},
			{0, seller, "us-east-1", api.MeterUsage, 10},
			{0, seller, "us-east-1", api.RegisterUsage, 5},
			{0, seller, "us-east-1", api.ResolveCustomer, 10},
			{0, seller, "eu-west-1", api.BatchMeterUsage, 10},
			{0, buyer, "us-east-1", api.BatchMeterUsage, 10},
			{99 * time.Millisecond, seller, "us-east-1", api.BatchMeterUsage, 0},
			{time.Millisecond, seller, "us-east-1", api.BatchMeterUsage, 1},
			{time.Second, seller, "us-east-1", api.BatchMeterUsage, 10},
			{time.Hour, seller, "us-east-1", api.BatchMeterUsage, 10},
		} {
			time.Sleep(step.after)
			if got := throttle.calls(step.account, step.region, step.op); got != step.want {
				t.Errorf("%+v: %d calls were let through", step, got)
			}
		}
	})
}

func TestNoThrottle(t *testing.T) {
	throttle := newThrottle(Throttle{})
	if n := throttle.calls(seller, "us-east-1", api.BatchMeterUsage); n != 1000 || len(throttle.buckets) > 0 {
		t.Errorf("%d calls were let through, %d buckets kept", n, len(throttle.buckets))
	}
}

// TestASlowThrottleLetsOneThrough: a rate below one a second is no refusal.
func TestASlowThrottleLetsOneThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		throttle := newThrottle(Throttle{perSecond: 0.1})
		for range 3 {
			if n := throttle.calls(seller, "us-east-1", api.MeterUsage); n != 1 {
				t.Errorf("%d calls were let through, want 1", n)
			}
			time.Sleep(10 * time.Second)
		}
	})
}

func TestAThrottleIsBounded(t *testing.T) {
	throttle := newThrottle(Throttle{perSecond: 0.001})
	for i := range throttlesMax {
		throttle.allow(metering.AccountID(fmt.Sprint(i)), "us-east-1", api.MeterUsage)
	}
	if n := len(throttle.buckets); n != throttlesMax {
		t.Fatalf("%d buckets for %d accounts", n, throttlesMax)
	}
	if throttle.allow("0", "us-east-1", api.MeterUsage) {
		t.Error("a full table forgets an account that it has")
	}
	throttle.allow("one more", "us-east-1", api.MeterUsage)
	if n := len(throttle.buckets); n > throttlesMax {
		t.Errorf("%d buckets, at most %d are allowed", n, throttlesMax)
	}
}

// TestThrottledCalls is what a client sees of it: a 400, which SDKs repeat.
func TestThrottledCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, wideMarket(), throttledAt(t, "2"))
		resolve := call{op: "ResolveCustomer", body: resolveBody}.raw(t)
		for i, want := range []int{200, 200, 400, 400} {
			if a := s.do(t, resolve); a.status != want {
				t.Errorf("call %d gets %d %s", i+1, a.status, a.body)
			}
		}
		a := s.do(t, resolve)
		if a.body != `{"__type":"ThrottlingException","message":"Rate exceeded"}` || a.header["Content-Type"] != awsJSON {
			t.Errorf("a throttled call gets %s", a.body)
		}
		if a := s.do(t, plainCall("ResolveCustomer", resolveBody)); a.header["Content-Type"] != plainJSON || a.status != 400 {
			t.Errorf("another credential of the account gets %d %s", a.status, a.header["Content-Type"])
		}
		if a := s.do(t, call{op: "ResolveCustomer", body: resolveBody, region: "eu-west-1"}.raw(t)); a.status != 200 {
			t.Errorf("another Region gets %d %s", a.status, a.body)
		}
		if a := s.do(t, call{op: "BatchMeterUsage", body: batchBody}.raw(t)); a.status != 200 {
			t.Errorf("another operation gets %d %s", a.status, a.body)
		}
		time.Sleep(time.Second)
		if a := s.do(t, resolve); a.status != 200 {
			t.Errorf("a second later the call gets %d %s", a.status, a.body)
		}
	})
}
