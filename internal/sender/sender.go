package sender

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/meterd/meterd/client"
	"github.com/meterd/meterd/internal/metering"
	"github.com/meterd/meterd/internal/outbox"
)

// Config is what a sender needs. Outbox, Client, Now and Logger are required.
type Config struct {
	Outbox *outbox.Outbox
	// Client calls the service, at a pace below the service's quota.
	Client *client.Client
	// Service is the service's name in the log; may be empty.
	Service string
	// Now is the time. While it is not known nothing is sent.
	Now func() (now time.Time, known bool)
	// Serves says which products are sent; nil: all of the outbox.
	Serves func(metering.ProductCode) bool
	Logger *slog.Logger
	// Settled, if not nil, is told after verdicts were stored: how many records
	// were accepted, and which were refused, with cause and detail.
	Settled func(accepted int, refused []outbox.Record)
}

// Sender sends the records of one service. Services do not wait for one another,
// and a product whose calls fail does not hold up the others.
type Sender struct {
	cfg  Config
	wake chan struct{}

	mu sync.Mutex
	// rests are the loads whose calls fail.
	rests map[load]*rest
}

// load is what goes into one submission: records that name a licence are told
// without a product code, and so not together with others.
type load struct {
	product  metering.ProductCode
	licensed bool
}

func loadOf(r *outbox.Record) load { return load{r.Key.Product, r.Key.Customer.License != ""} }

// productCode is what the service is told with the load.
func (w load) productCode() *string {
	if w.licensed {
		return nil
	}
	return new(string(w.product))
}

// rest is a pause after a failure.
type rest struct {
	until  time.Time // of the machine's clock
	length time.Duration
	err    error
}

// New makes a sender, which sends when it is run.
func New(cfg Config) *Sender {
	return &Sender{cfg: cfg, wake: make(chan struct{}, 1), rests: map[load]*rest{}}
}

// Kick has the sender look for records at once.
func (s *Sender) Kick() {
	select {
	case s.wake <- struct{}{}:
	default: // It will look once more anyway.
	}
}

// Run sends until ctx is over. What is being sent then is given up, and sent
// again by the next one that runs.
func (s *Sender) Run(ctx context.Context) {
	ticker := time.NewTicker(sendEvery)
	defer ticker.Stop()
	var last error
	for ctx.Err() == nil {
		sent, err := s.send(ctx)
		if err != nil && ctx.Err() == nil && (last == nil || last.Error() != err.Error()) {
			s.cfg.Logger.Error("sending failed", "service", s.cfg.Service, "err", err)
		}
		last = err
		if sent && err == nil {
			continue
		}
		select {
		case <-ctx.Done():
		case <-s.wake:
		case <-ticker.C:
		}
	}
}

// Trouble is why records of a product are not sent at the moment.
type Trouble struct {
	Product  metering.ProductCode
	Licensed bool
	// Until is when they are tried again, by the machine's clock.
	Until time.Time
	Err   error
}

// Troubles are all troubles; there are none if the last call of each product
// succeeded.
func (s *Sender) Troubles() (list []Trouble) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for which, r := range s.rests {
		list = append(list, Trouble{which.product, which.licensed, r.until, r.err})
	}
	return list
}
