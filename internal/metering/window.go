package metering

import (
	"strconv"
	"strings"
	"time"
)

// Window is the time that usage may be told for, seen from now.
type Window struct {
	// Age is how far back a timestamp may lie.
	Age time.Duration
	// Inclusive lets the edge itself pass.
	Inclusive bool
	// ByHour measures the age from hour to hour instead of exactly (M0110).
	ByHour bool
	// Future is how far ahead of now a timestamp may lie (M0111).
	Future time.Duration
	// MonthEnd is how long into a new month the month before stays open; 0
	// means that months do not matter (M0108).
	MonthEnd time.Duration
	// MonthEndRevives lets the whole month before in as long as it is open,
	// whatever its age (M0109).
	MonthEndRevives bool
}

// BatchWindow is the window of BatchMeterUsage: M0107, usage is not accepted
// 24 hours or more after the event.
func (p *Profile) BatchWindow() Window {
	return Window{
		Age:             p.BatchAge,
		ByHour:          p.AgeByHour,
		Future:          p.FutureTolerance,
		MonthEnd:        p.MonthEnd,
		MonthEndRevives: p.MonthEndRevives,
	}
}

// MeterWindow is the window of MeterUsage: M0155, usage is not accepted more
// than six hours after the event; months do not matter.
func (p *Profile) MeterWindow() Window {
	return Window{Age: p.MeterAge, Inclusive: true, ByHour: p.AgeByHour, Future: p.FutureTolerance}
}

// Check refuses a timestamp outside the window.
func (w Window) Check(ts, now time.Time) *Refusal {
	if ahead := ts.Sub(now); ahead > w.Future {
		return Refuse(RuleTimestampInFuture, "Timestamp %s lies %s ahead of the service's clock (%s); at most %s is allowed. Check this machine's clock and time zone.", ShowTime(ts), showDuration(ahead), ShowTime(now), showDuration(w.Future))
	}
	monthStart := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	if w.MonthEnd > 0 && ts.Before(monthStart) {
		if closed := monthStart.Add(w.MonthEnd); !now.Before(closed) {
			return Refuse(RuleMonthClosed, "Timestamp %s belongs to a month that closed at %s; it is %s now. Its usage cannot be billed any more.", ShowTime(ts), ShowTime(closed), ShowTime(now))
		}
		// M0109: an open month does not revive what the age refuses, unless
		// the profile says that it does, and then for the month before only.
		if w.MonthEndRevives && !ts.Before(monthStart.AddDate(0, -1, 0)) {
			return nil
		}
	}
	if w.tooOld(ts, now) {
		return Refuse(RuleTimestampTooOld, "Timestamp %s is %s old; usage is accepted for %s after the event and it is %s now. Send every hour, and this record not again.", ShowTime(ts), showDuration(now.Sub(ts)), showDuration(w.Age), ShowTime(now))
	}
	return nil
}

func (w Window) tooOld(ts, now time.Time) bool {
	if w.ByHour {
		return ts.Truncate(time.Hour).Before(now.Truncate(time.Hour).Add(-w.Age))
	}
	age := now.Sub(ts)
	return age > w.Age || age == w.Age && !w.Inclusive
}

// OldestHour returns the oldest hour that the window may still let in at now.
func (w Window) OldestHour(now time.Time) uint32 {
	oldest := now.Truncate(time.Hour).Add(-w.Age)
	if w.MonthEndRevives {
		oldest = time.Date(now.Year(), now.Month()-1, 1, 0, 0, 0, 0, time.UTC)
	}
	return HourOf(oldest)
}

// ShowTime writes a time as details and messages do: ISO 8601, UTC, to the
// millisecond.
func ShowTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.999Z07:00") }

// showDuration writes 24h, 1h30m or 5m1s, without the parts that are zero, and
// longer times in days.
func showDuration(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d > 366*day: // perhaps more than a Duration can hold
		return "more than a year"
	case d >= 2*day:
		return strconv.Itoa(int(d/day)) + " days"
	}
	s := d.Round(time.Second).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
