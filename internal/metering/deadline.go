package metering

import "time"

// Deadline returns the first instant at which the window refuses usage of time
// ts for good: M0107 and M0155 for its age, M0108 for the end of its month. With
// MonthEndRevives that is when the month closes, although the age may refuse it
// for a while before (M0109).
func (w Window) Deadline(ts time.Time) time.Time {
	deadline := w.ageDeadline(ts)
	if w.MonthEnd <= 0 {
		return deadline
	}
	ts = ts.UTC()
	closed := time.Date(ts.Year(), ts.Month()+1, 1, 0, 0, 0, 0, time.UTC).Add(w.MonthEnd)
	if w.MonthEndRevives || closed.Before(deadline) {
		return closed
	}
	return deadline
}

func (w Window) ageDeadline(ts time.Time) time.Time {
	if w.ByHour {
		return ts.Truncate(time.Hour).Add(w.Age).Add(time.Hour)
	}
	deadline := ts.Add(w.Age)
	if w.Inclusive {
		deadline = deadline.Add(1)
	}
	return deadline
}
