package admin

import (
	"testing"
	"time"

	"github.com/meterd/meterd/internal/clock"
)

func TestPutClock(t *testing.T) {
	// The clock stands frozen at noon before each.
	for _, test := range []struct {
		body  string
		now   time.Time
		scale float64
		real  bool
	}{
		{`{"now":"2026-11-30T23:59:00Z"}`, time.Date(2026, 11, 30, 23, 59, 0, 0, time.UTC), 0, false},
		{`{"now":"2026-12-01T01:59:00+02:00"}`, time.Date(2026, 11, 30, 23, 59, 0, 0, time.UTC), 0, false},
		{`{"advance":"1h30m"}`, noon.Add(90 * time.Minute), 0, false},
		{`{"advance":"-90m"}`, noon.Add(-90 * time.Minute), 0, false},
		{`{"scale":60}`, noon, 60, false},
		{`{"freeze":true}`, noon, 0, false},
		{`{"freeze":false}`, noon, 1, false},
		{`{"now":"2026-11-30T23:59:00Z","scale":2}`, time.Date(2026, 11, 30, 23, 59, 0, 0, time.UTC), 2, false},
		{`{"advance":"1h","freeze":true}`, noon.Add(time.Hour), 0, false},
		{`{"reset":true}`, time.Now(), 1, true},
	} {
		a := open(t, Config{})
		state := get[clock.State](t, a.ask("PUT", "clock", test.body))
		if off := state.Now.Sub(test.now); off < 0 || off > 10*time.Minute || state.Scale != test.scale || state.Real != test.real {
			t.Errorf("%s: %+v", test.body, state)
		}
		if shown := get[clock.State](t, a.ask("GET", "clock", "")); shown.Scale != test.scale || shown.Real != test.real {
			t.Errorf("%s: then GET clock shows %+v", test.body, shown)
		}
	}
}

func TestPutClockRefuses(t *testing.T) {
	for body, text := range map[string]string{
		``:                               "empty",
		`{}`:                             "nothing to change",
		`{"reset":false}`:                "nothing to change",
		`[]`:                             "not as expected",
		`{"nwo":"x"}`:                    `unknown field "nwo"`,
		`{"now":"noon"}`:                 `field "now": "noon"`,
		`{"now":7}`:                      `field "now": 7`,
		`{"now":"9999-01-01T00:00:00Z"}`: "cannot stand",
		`{"now":"1969-12-31T00:00:00Z"}`: "cannot stand",
		`{"advance":"soon"}`:             `field "advance": "soon"`,
		`{"advance":"-2000000h"}`:        "cannot stand",
		`{"scale":-1}`:                   `field "scale"`,
		`{"scale":"60"}`:                 `field "scale": "60"`,
		`{"now":"2026-11-30T23:59:00Z","scale":1e9}`:    `field "scale"`,
		`{"now":"2026-11-30T23:59:00Z","advance":"1h"}`: "exclude",
		`{"scale":2,"freeze":true}`:                     "exclude",
		`{"reset":true,"freeze":true}`:                  "alone",
		`{"freeze":true} {}`:                            "more after",
		`{"freeze":true`:                                "unexpected EOF",
	} {
		a := open(t, Config{})
		wantProblem(t, a.ask("PUT", "clock", body), 400, text)
		if state := a.ledger.Clock().State(); !state.Now.Equal(noon) || state.Scale != 0 {
			t.Errorf("%s: refused, yet the clock stands at %+v", body, state)
		}
	}
}
