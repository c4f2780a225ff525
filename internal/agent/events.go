package agent

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/meterd/meterd/internal/intake"
	"github.com/meterd/meterd/internal/outbox"
	"github.com/meterd/meterd/internal/plan"
)

// Receipt says what became of posted events. What is accepted is durable.
type Receipt struct {
	// Accepted events count, Known ones were accepted before, Refused ones do
	// not count, and Ignored ones are of customers not to be metered.
	Accepted int `json:"accepted"`
	Known    int `json:"known"`
	Refused  int `json:"refused"`
	Ignored  int `json:"ignored"`
	// Refusals says why, of the first thousand.
	Refusals []EventRefusal `json:"refusals,omitempty"`
}

// EventRefusal is an event that does not count.
type EventRefusal struct {
	// Index is the event's place in the body, from 0.
	Index  int           `json:"index"`
	ID     string        `json:"id"`
	Reason outbox.Reason `json:"reason"`
	Detail string        `json:"detail"`
}

// seen is how many events the receipt is about.
func (r *Receipt) seen() int { return r.Accepted + r.Known + r.Refused + r.Ignored }

func (r *Receipt) refuse(index int, id string, reason outbox.Reason, detail string) {
	if reason == plan.ReasonDoNotMeter {
		r.Ignored++
		return
	}
	if r.Refused++; len(r.Refusals) < refusalsMax {
		r.Refusals = append(r.Refusals, EventRefusal{index, strings.Clone(id), reason, detail})
	}
}

// status tells a client that looks at nothing else whether all is well.
func (r *Receipt) status() int {
	if r.Refused > 0 {
		return http.StatusUnprocessableEntity
	}
	return http.StatusOK
}

// postEvents counts what a body tells.
func (a *Agent) postEvents(w http.ResponseWriter, r *http.Request) {
	receipt, err := a.takeEvents(w, r)
	a.metrics.took(receipt)
	if receipt.Accepted > 0 {
		a.watch.hear()
	}
	if err != nil {
		a.fail(w, err)
		return
	}
	writeJSON(w, receipt.status(), receipt)
}

// takeEvents returns a receipt also with an error: some may count already.
func (a *Agent) takeEvents(w http.ResponseWriter, r *http.Request) (*Receipt, error) {
	receipt := &Receipt{}
	now, known := a.now()
	if !known {
		return receipt, errNoTime
	}
	// What has another type, or none, is read as JSON: that is what curl sends.
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	decode := intake.Decode
	switch media {
	case "application/x-ndjson", "application/ndjson", "application/jsonl":
		return receipt, a.stream(r.Context(), r.Body, receipt)
	case "application/cloudevents+json", "application/cloudevents-batch+json":
		decode = intake.DecodeCloudEvents
	}
	body, err := readText(w, r)
	if err != nil {
		return receipt, unreadable(err)
	}
	told, err := decode(nil, body)
	if err != nil {
		return receipt, refuse(http.StatusBadRequest, "%v; nothing was counted. Lines of JSON need Content-Type: application/x-ndjson", err)
	}
	return receipt, a.count(r.Context(), told, receipt, now)
}

var errNoTime = refuse(http.StatusServiceUnavailable, "the service's clock is to be followed and has not been heard of; send again")

// readText reads a body without copying it once more. One that does not come to
// its end is not waited for.
func readText(w http.ResponseWriter, r *http.Request) (string, error) {
	// An error says that w is a recorder in a test, which has no deadline.
	deadline := http.NewResponseController(w).SetReadDeadline
	_ = deadline(time.Now().Add(bodyTimeout))
	defer func() { _ = deadline(time.Time{}) }()
	var text strings.Builder
	if n := r.ContentLength; n > 0 {
		text.Grow(int(min(n, eventsBytesMax)))
	}
	_, err := io.Copy(&text, http.MaxBytesReader(nil, r.Body, eventsBytesMax))
	return text.String(), err
}

// count resolves told events and adds them, and notes in the receipt what became
// of each. After an error some may count; all can be sent again.
func (a *Agent) count(ctx context.Context, told []intake.Event, receipt *Receipt, now time.Time) error {
	for len(told) > 0 {
		n := min(len(told), outbox.EventsMax)
		if err := a.countSome(ctx, told[:n], receipt, now); err != nil {
			return err
		}
		told = told[n:]
	}
	return nil
}

func (a *Agent) countSome(ctx context.Context, told []intake.Event, receipt *Receipt, now time.Time) error {
	first := receipt.seen()
	events := make([]outbox.Event, 0, len(told))
	places := make([]int32, 0, len(told))
	for i := range told {
		event, refusal := a.plan.Resolve(&told[i])
		if refusal != nil {
			receipt.refuse(first+i, told[i].ID, refusal.Reason, refusal.Detail)
			continue
		}
		events = append(events, event)
		places = append(places, int32(i))
	}
	if len(events) == 0 {
		return nil
	}
	answers, err := a.outbox.Add(ctx, events, now)
	if err != nil {
		return explainAdd(err)
	}
	for i, answer := range answers {
		switch answer.Outcome {
		case outbox.Accepted:
			receipt.Accepted++
		case outbox.Known:
			receipt.Known++
		default:
			receipt.refuse(first+int(places[i]), string(events[i].ID), answer.Reason, answer.Detail)
		}
	}
	return nil
}

// explainAdd adds what to do to an error of the outbox.
func explainAdd(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return refuse(http.StatusServiceUnavailable, "the request was given up before the events were durable; send all of them again, none counts twice")
	}
	return errors.Join(err, errSendAgain)
}

var errSendAgain = errors.New("send all events of this request again; none counts twice")
