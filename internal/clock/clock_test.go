package clock

import (
	"testing"
	"testing/synctest"
	"time"
)

var start = time.Date(2026, 3, 31, 23, 59, 0, 0, time.UTC)

func TestZeroClockIsTheMachines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c Clock
		if got := c.Now(); !got.Equal(time.Now()) || got.Location() != time.UTC {
			t.Errorf("Now() = %v, want the machine's time in UTC", got)
		}
		if s := c.State(); !s.Real || s.Scale != 1 {
			t.Errorf("State() = %+v", s)
		}
	})
}

func TestSteering(t *testing.T) {
	tests := []struct {
		name  string
		steer func(*Clock)
		want  time.Time // ten seconds later
	}{
		{"set goes on", func(c *Clock) { c.Set(start) }, start.Add(10 * time.Second)},
		{"freeze stops", func(c *Clock) { c.Set(start); c.Freeze() }, start},
		{"set keeps frozen", func(c *Clock) { c.Freeze(); c.Set(start) }, start},
		{"advance moves", func(c *Clock) { c.Set(start); c.Advance(time.Hour) }, start.Add(time.Hour + 10*time.Second)},
		{"advance back", func(c *Clock) { c.Set(start); c.Freeze(); c.Advance(-time.Minute) }, start.Add(-time.Minute)},
		{"scale speeds up", func(c *Clock) { c.Set(start); _ = c.Scale(60) }, start.Add(10 * time.Minute)},
		{"scale keeps what has passed", func(c *Clock) { c.Set(start); time.Sleep(time.Minute); _ = c.Scale(0) }, start.Add(time.Minute)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var c Clock
				test.steer(&c)
				time.Sleep(10 * time.Second)
				if got := c.Now(); !got.Equal(test.want) {
					t.Errorf("Now() = %v, want %v", got, test.want)
				}
			})
		})
	}
}

func TestResetReturnsToTheMachinesTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c Clock
		c.Set(start)
		c.Reset()
		if !c.Now().Equal(time.Now()) || !c.State().Real {
			t.Errorf("after Reset the clock stands at %+v", c.State())
		}
	})
}

func TestScaleIsBounded(t *testing.T) {
	var c Clock
	for _, scale := range []float64{-1, 1e7} {
		if c.Scale(scale) == nil {
			t.Errorf("Scale(%v) was accepted", scale)
		}
	}
	if !c.State().Real {
		t.Error("a refused scale changed the clock")
	}
}
