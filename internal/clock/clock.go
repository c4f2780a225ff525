// Package clock is a clock that can be frozen, moved and scaled, so that a
// month's end fits into a test. It tells the service's time and nothing else:
// timeouts and rates go by the machine's own clock.
package clock

import (
	"fmt"
	"sync"
	"time"
)

// Clock tells the time in UTC. The zero value is the machine's clock. All
// methods are safe for concurrent use.
type Clock struct {
	mu sync.RWMutex
	// told is the time that was told at the machine's time real; from there
	// on it runs scale times as fast. While steered is false the clock is the
	// machine's.
	steered    bool
	told, real time.Time
	scale      float64
}

// scaleMax keeps a scaled clock within the years that time.Duration spans.
const scaleMax = 1e6

// State is how a clock stands, for people and for setting another one alike.
type State struct {
	Now time.Time `json:"now"`
	// Scale is how many seconds pass in one: 1 is normal, 0 frozen.
	Scale float64 `json:"scale"`
	// Real says that the clock is the machine's.
	Real bool `json:"real"`
}

// Now returns the time.
func (c *Clock) Now() time.Time {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.at(time.Now())
}

func (c *Clock) at(real time.Time) time.Time {
	if !c.steered {
		return real.UTC()
	}
	passed := float64(real.Sub(c.real)) * c.scale
	return c.told.Add(time.Duration(passed))
}

// Steered reports whether the clock is not the machine's.
func (c *Clock) Steered() bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.steered
}

// State returns how the clock stands.
func (c *Clock) State() State {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if !c.steered {
		return State{Now: c.at(time.Now()), Scale: 1, Real: true}
	}
	return State{Now: c.at(time.Now()), Scale: c.scale}
}

// Set moves the clock to a time; it goes on at the pace it had.
func (c *Clock) Set(t time.Time) {
	c.steer(func(time.Time, float64) (time.Time, float64) { return t, c.pace() })
}

// Advance moves the clock by d, which may be negative.
func (c *Clock) Advance(d time.Duration) {
	c.steer(func(now time.Time, scale float64) (time.Time, float64) { return now.Add(d), scale })
}

// Scale lets the clock run at another pace: 60 makes an hour a minute, 0
// freezes it.
func (c *Clock) Scale(scale float64) error {
	if !(scale >= 0 && scale <= scaleMax) {
		return fmt.Errorf("clock scale %v is not between 0 and %v", scale, scaleMax)
	}
	c.steer(func(now time.Time, _ float64) (time.Time, float64) { return now, scale })
	return nil
}

// Freeze stops the clock.
func (c *Clock) Freeze() {
	c.steer(func(now time.Time, _ float64) (time.Time, float64) { return now, 0 })
}

// Reset makes the clock the machine's again.
func (c *Clock) Reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.steered = false
}

func (c *Clock) pace() float64 {
	if !c.steered {
		return 1
	}
	return c.scale
}

func (c *Clock) steer(change func(now time.Time, scale float64) (time.Time, float64)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	real := time.Now()
	told, scale := change(c.at(real), c.pace())
	c.steered, c.told, c.real, c.scale = true, told.UTC(), real, scale
}
