package client

import (
	"context"
	"fmt"
	"time"

	"github.com/meterd/meterd/api"
)

// WindowCheck says when a record is refused unsent because it is certainly too
// old, too new or of a closed month. A service that is asked nothing answers
// sooner; one whose windows or clock are not AWS's must be asked.
type WindowCheck int

const (
	// WindowCheckAWS checks what goes to AWS's own hosts, and leaves the rest
	// to the service: a meterd may have a clock that was moved, or other rules.
	WindowCheckAWS WindowCheck = iota
	// WindowCheckAlways is for AWS behind an endpoint of your own, such as that
	// of a VPC.
	WindowCheckAlways
	// WindowCheckNever leaves all to the service.
	WindowCheckNever
)

// window is the time that usage may be told for. Its edges are further out
// than the documented ones wherever the service's own are not known for sure:
// what the client refuses, every service with AWS's windows refuses.
type window struct {
	// age is the documented one; M0110: it may be measured exactly or from
	// hour to hour, which is up to an hour more.
	age time.Duration
	// months says that a month closes some hours after its end (M0108), and may
	// stay open until then, whatever the age (M0109).
	months bool
}

var (
	batchWindow = window{age: 24 * time.Hour, months: true} // M0107
	meterWindow = window{age: 6 * time.Hour}                // M0155
)

const (
	// monthEnd is how long into a new month the month before stays open.
	monthEnd = 6 * time.Hour
	// futureMax is ahead of any tolerance that a service is known to have (M0111).
	futureMax = 15 * time.Minute
	// clockErrorMax is how far off the service's time may be, as it is read.
	clockErrorMax = time.Minute
)

// excludes says why a timestamp is certainly outside the window, or "".
func (w window) excludes(t, now time.Time) string {
	now = now.UTC()
	if ahead := t.Sub(now); ahead > futureMax+clockErrorMax {
		return fmt.Sprintf("lies %s in the future", ahead.Round(time.Second))
	}
	month := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	if w.months && t.Before(month) {
		if now.After(month.Add(monthEnd + clockErrorMax)) {
			return "belongs to a month that is closed"
		}
		if !t.Before(month.AddDate(0, -1, 0)) {
			return ""
		}
	}
	if age := now.Sub(t); age > w.age+time.Hour+clockErrorMax {
		return fmt.Sprintf("is %s old; usage is accepted for %s", age.Round(time.Second), w.age)
	}
	return ""
}

// checkWindow refuses a timestamp that is certainly outside the window. If it
// looks like that by what is known of the service's clock, the service is
// asked for its time first: this machine's clock may be wrong, or have been set
// since.
func (c *Client) checkWindow(ctx context.Context, w window, t time.Time) *api.Error {
	if !c.checksWindow || w.excludes(t, c.clock.serviceTime()) == "" {
		return nil
	}
	now, ok := c.askTime(ctx)
	if !ok {
		return nil // the service will judge
	}
	return w.refusal(t, now)
}

// refusal is the one of a timestamp by a certain time, or nil.
func (w window) refusal(t, now time.Time) *api.Error {
	why := w.excludes(t, now)
	if why == "" {
		return nil
	}
	const form = "2006-01-02T15:04:05Z"
	return invalid(api.TimestampOutOfBoundsException, "Timestamp %s %s; it is %s now.", t.UTC().Format(form), why, now.UTC().Format(form))
}
