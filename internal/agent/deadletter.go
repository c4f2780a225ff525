package agent

import (
	"net/http"

	"github.com/meterd/meterd/internal/outbox"
)

// decision is the body of what a person decides about a dead letter.
type decision struct {
	// Who decided, and Why: it is kept for ever.
	Who string `json:"who"`
	Why string `json:"why"`
	// Confirm lets an amount be billed later although the service may have it.
	Confirm bool `json:"confirm"`
}

// Decided says what has become of a dead letter.
type Decided struct {
	Action outbox.Action `json:"action"`
	Record Record        `json:"record"`
}

// redrive sends a dead letter again while the service takes it, and bills it
// with the next hour after that.
func (a *Agent) redrive(r *http.Request) (any, error) {
	return a.decide(r, func(record *outbox.Record, d *decision) (outbox.Action, error) {
		now, known := a.now()
		switch {
		case !known:
			return "", errNoTime
		case record.Deadline.After(now):
			defer a.kick()
			return outbox.Resend, a.outbox.Resend(r.Context(), record.ID, d.Who, d.Why, now)
		case record.Fate.Attempts > 0 && !d.Confirm:
			return "", refuse(http.StatusConflict, "record %s was sent %d times and may have been billed; look it up at the service, and confirm that it is not there (--confirm, or {\"confirm\":true})", record.ID, record.Fate.Attempts)
		}
		return outbox.Carry, a.outbox.CarryOn(r.Context(), record.ID, d.Who, d.Why, now)
	})
}

// discard gives a dead letter up.
func (a *Agent) discard(r *http.Request) (any, error) {
	return a.decide(r, func(record *outbox.Record, d *decision) (outbox.Action, error) {
		now, _ := a.now()
		return outbox.Discard, a.outbox.Discard(r.Context(), record.ID, d.Who, d.Why, now)
	})
}

func (a *Agent) decide(r *http.Request, act func(*outbox.Record, *decision) (outbox.Action, error)) (any, error) {
	id, err := recordID(r)
	if err != nil {
		return nil, err
	}
	var d decision
	if err := decodeBody(r, &d); err != nil {
		return nil, err
	}
	if d.Who == "" || d.Why == "" {
		return nil, refuse(http.StatusBadRequest, `say who decided and why: {"who":"ada","why":"the agreement was renewed"}`)
	}
	record, err := a.outbox.Record(r.Context(), id)
	if err != nil {
		return nil, err
	}
	action, err := act(&record, &d)
	if err != nil {
		return nil, err
	}
	a.logger.Info("dead letter decided", "record", id, "action", action, "who", d.Who, "why", d.Why)
	if record, err = a.outbox.Record(r.Context(), id); err != nil {
		return nil, err
	}
	return Decided{action, recordView(&record)}, nil
}
