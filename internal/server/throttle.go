package server

import (
	"fmt"
	"strconv"
	"sync"

	"golang.org/x/time/rate"

	"github.com/meterd/meterd/api"
	"github.com/meterd/meterd/internal/metering"
)

// Throttle limits the calls per second of an account in a Region, for each
// operation apart. The zero value does not limit: AWS's quota is not the
// capacity of this host.
type Throttle struct {
	aws       bool
	perSecond float64
}

// awsRates are M0191; the one of ResolveCustomer is not published and taken to
// be that of most others.
var awsRates = map[api.Operation]float64{
	api.BatchMeterUsage: 10,
	api.MeterUsage:      10,
	api.RegisterUsage:   5,
	api.ResolveCustomer: 10,
}

// ParseThrottle reads "off", "aws" (AWS's published rates) or a number of calls
// per second.
func ParseThrottle(s string) (Throttle, error) {
	switch s {
	case "off", "":
		return Throttle{}, nil
	case "aws":
		return Throttle{aws: true}, nil
	}
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || !(n > 0 && n <= 1e9) {
		return Throttle{}, fmt.Errorf("throttle %q is not off, aws or a number of calls per second above 0", s)
	}
	return Throttle{perSecond: n}, nil
}

func (t Throttle) rate(op api.Operation) float64 {
	if t.aws {
		return awsRates[op]
	}
	return t.perSecond
}

// throttle keeps a token bucket per account, Region and operation. It goes by
// the machine's clock: a sandbox whose own clock is frozen must not starve.
type throttle struct {
	Throttle
	mu      sync.Mutex
	buckets map[bucketName]*rate.Limiter
}

type bucketName struct {
	account   metering.AccountID
	region    metering.Region
	operation api.Operation
}

func newThrottle(t Throttle) *throttle {
	return &throttle{Throttle: t, buckets: map[bucketName]*rate.Limiter{}}
}

// allow takes one call from the bucket. A burst may be as large as the rate.
func (t *throttle) allow(account metering.AccountID, region metering.Region, op api.Operation) bool {
	perSecond := t.rate(op)
	if perSecond == 0 {
		return true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	name := bucketName{account, region, op}
	bucket := t.buckets[name]
	if bucket == nil {
		if len(t.buckets) >= throttlesMax {
			clear(t.buckets) // at worst everybody gets one more burst
		}
		bucket = rate.NewLimiter(rate.Limit(perSecond), int(max(1, perSecond)))
		t.buckets[name] = bucket
	}
	return bucket.Allow()
}
