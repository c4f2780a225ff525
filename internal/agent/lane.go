package agent

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/meterd/meterd/api"
	"github.com/meterd/meterd/client"
	"github.com/meterd/meterd/internal/metering"
	"github.com/meterd/meterd/internal/outbox"
)

// lane sends the records of one service. Services do not wait for one another,
// and a product whose calls fail does not hold up the others.
type lane struct {
	agent   *Agent
	service string
	client  *client.Client
	wake    chan struct{}

	mu sync.Mutex
	// rests are the products whose calls fail.
	rests map[load]*rest
}

// load is what goes into one submission: records that name a licence are told
// without a product code, and so not together with others.
type load struct {
	product  metering.ProductCode
	licensed bool
}

// rest is a pause after a failure.
type rest struct {
	until  time.Time // of the machine's clock
	length time.Duration
	err    error
}

func newLane(a *Agent, service string, c *client.Client) *lane {
	return &lane{agent: a, service: service, client: c, wake: make(chan struct{}, 1), rests: map[load]*rest{}}
}

// kick wakes the lane; one that is awake looks once more.
func (l *lane) kick() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// run sends until ctx is over.
func (l *lane) run(ctx context.Context) {
	ticker := time.NewTicker(turnEvery)
	defer ticker.Stop()
	for ctx.Err() == nil {
		sent, err := l.send(ctx)
		if err != nil && ctx.Err() == nil {
			l.agent.logger.Error("sending failed", "service", l.service, "err", err)
		}
		if sent && err == nil {
			continue
		}
		select {
		case <-ctx.Done():
		case <-l.wake:
		case <-ticker.C:
		}
	}
}

// send sends the most urgent records, and reports whether there were any.
func (l *lane) send(ctx context.Context) (sent bool, err error) {
	now, known := l.agent.now()
	if !known || l.agent.plan.DryRun {
		return false, nil
	}
	loads, err := l.next(ctx, now)
	if err != nil {
		return false, err
	}
	for _, records := range loads {
		if err := l.submit(ctx, records); err != nil {
			return true, err
		}
	}
	return len(loads) > 0, nil
}

// next returns the most urgent records of the lane, by what can be submitted
// together; the load with the most urgent record comes first.
func (l *lane) next(ctx context.Context, now time.Time) (loads [][]outbox.Record, err error) {
	place := map[load]int{}
	count := 0
	for r, err := range l.agent.outbox.Pending(ctx, now, 0) {
		if err != nil {
			return nil, fmt.Errorf("reading what is to be sent: %w", err)
		}
		which := loadOf(&r)
		if !l.serves(which) {
			continue
		}
		at, ok := place[which]
		if !ok {
			at = len(loads)
			place[which] = at
			loads = append(loads, nil)
		}
		loads[at] = append(loads[at], r)
		if count++; count == laneRecords {
			break
		}
	}
	return loads, nil
}

func loadOf(r *outbox.Record) load { return load{r.Key.Product, r.Key.Customer.License != ""} }

// serves reports whether records of a load are to be sent here and now. Those of
// a product that the plan no longer has go nowhere, and are told of in time.
func (l *lane) serves(which load) bool {
	if l.agent.plan.ServiceOf(which.product) != l.service {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.rests[which]
	return r == nil || !time.Now().Before(r.until)
}

// submit sends one load and stores what the service says. An error means that
// the outbox failed.
func (l *lane) submit(ctx context.Context, records []outbox.Record) error {
	ids := make([]outbox.RecordID, len(records))
	usage := make([]api.UsageRecord, len(records))
	for i := range records {
		ids[i], usage[i] = records[i].ID, usageOf(&records[i])
	}
	now, _ := l.agent.now()
	if err := l.agent.outbox.MarkSent(ctx, ids, now); errors.Is(err, outbox.ErrState) {
		return nil // One of them has expired just now, or a person has acted. Look again.
	} else if err != nil {
		return err
	}
	which := loadOf(&records[0])
	verdicts, failure := l.client.SubmitAll(ctx, which.productCode(), usage)
	l.note(which, failure)
	// What was answered is stored, also when the agent is being stopped.
	return l.settle(context.WithoutCancel(ctx), records, verdicts)
}

func (w load) productCode() *string {
	if w.licensed {
		return nil
	}
	return new(string(w.product))
}

// note lets a load rest after a failure, twice as long each time.
func (l *lane) note(which load, failure error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if failure == nil {
		delete(l.rests, which)
		return
	}
	length := restMin
	if before := l.rests[which]; before != nil {
		length = min(2*before.length, restMax)
	}
	l.rests[which] = &rest{time.Now().Add(length), length, failure}
	l.agent.logger.Warn("records could not be sent and will be sent again", "service", l.service, "product", which.product, "pause", length, "err", failure)
}
