package metering

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestDeadline(t *testing.T) {
	tests := []struct {
		name     string
		profile  string
		switches map[string]string
		ts, want string
	}{
		{"24 h after the event", DefaultProfile, nil, "2026-11-21T10:30:00Z", "2026-11-22T10:30:00Z"},
		{"told in another zone", DefaultProfile, nil, "2026-12-01T00:30:00+02:00", "2026-12-01T06:00:00Z"},
		{"the month closes first", DefaultProfile, nil, "2026-03-31T23:59:59Z", "2026-04-01T06:00:00Z"},
		{"the month closes later", DefaultProfile, nil, "2026-03-31T05:59:59Z", "2026-04-01T05:59:59Z"},
		{"both at once", DefaultProfile, nil, "2026-03-31T06:00:00Z", "2026-04-01T06:00:00Z"},
		{"the year ends", DefaultProfile, nil, "2025-12-31T20:00:00Z", "2026-01-01T06:00:00Z"},
		{"the new month is open", DefaultProfile, nil, "2026-04-01T00:00:00Z", "2026-04-02T00:00:00Z"},
		{"measured by the hour", DefaultProfile, map[string]string{"ageByHour": "true"}, "2026-11-21T10:30:00Z", "2026-11-22T11:00:00Z"},
		{"a month that revives", DefaultProfile, map[string]string{"monthEndRevives": "true"}, "2026-03-02T10:30:00Z", "2026-04-01T06:00:00Z"},
		{"2025: months do not matter", "2025", nil, "2026-03-31T23:30:00Z", "2026-04-01T05:30:00Z"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := profileWith(t, test.profile, test.switches)
			if got := p.BatchWindow().Deadline(at(test.ts)); !got.Equal(at(test.want)) {
				t.Errorf("Deadline(%s) = %s, want %s", test.ts, ShowTime(got), test.want)
			}
		})
	}
}

// TestDeadlineIsWhereCheckTurns holds Deadline to Check at random times, many of
// them near the end of a month.
func TestDeadlineIsWhereCheckTurns(t *testing.T) {
	rng := rand.New(rand.NewPCG(2026, 11))
	p := profileWith(t, DefaultProfile, nil)
	byHour := profileWith(t, DefaultProfile, map[string]string{"ageByHour": "true"})
	reviving := profileWith(t, DefaultProfile, map[string]string{"monthEndRevives": "true"})
	for range 20_000 {
		month := time.Date(2026, time.Month(rng.IntN(24)), 1, 0, 0, 0, 0, time.UTC)
		ts := month.Add(time.Duration(rng.Int64N(int64(72 * time.Hour)))).Add(-36 * time.Hour)
		for _, w := range []Window{p.BatchWindow(), p.MeterWindow(), byHour.BatchWindow(), reviving.BatchWindow()} {
			deadline := w.Deadline(ts)
			if refusal := w.Check(ts, deadline.Add(-1)); refusal != nil {
				t.Fatalf("%+v: at the last moment: %v", w, refusal)
			}
			if w.Check(ts, deadline) == nil {
				t.Fatalf("%+v: usage of %s is accepted at its deadline %s", w, ts, deadline)
			}
		}
	}
}
