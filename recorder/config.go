package recorder

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"time"

	"github.com/meterd/meterd/client"
	"github.com/meterd/meterd/internal/metering"
	"github.com/meterd/meterd/internal/outbox"
)

// Config says what a recorder records, and where. Dir and Product are required.
type Config struct {
	// Dir is the directory that usage is kept in until the service has it, and
	// what became of it for a year longer. It must be on a disk that outlives
	// the program: not in a container's own file system. One recorder at a time
	// has it open.
	Dir string
	// Product is the code of the product whose usage is recorded.
	Product string
	// Client tells usage to the service; nil: client.New(ctx, client.Config{}).
	Client *client.Client
	// Dimensions are the dimensions that can be counted, and on which terms;
	// nil: any, and what is counted is what is billed. Naming them finds a
	// misspelled one at its first Add instead of an hour later.
	Dimensions map[string]Terms
	// Interval is how often usage is made durable, and so what a killed process
	// loses at most; 0: DefaultInterval.
	Interval time.Duration
	// Logger is told what goes wrong and what needs a person; nil:
	// slog.Default().
	Logger *slog.Logger
	// Now is the clock that says which hour usage is of; nil: time.Now.
	Now func() time.Time

	// reserveBytes is what must be free on the disk; a test makes it full.
	reserveBytes uint64
}

// Terms are how a dimension's usage becomes a billed quantity. The zero value
// bills what is counted.
type Terms struct {
	// Per is how many counted units make one billed unit; what does not fill
	// one is carried to a later hour. 0 means 1.
	Per int64
	// Included is how many counted units of each UTC month are not billed.
	Included int64
}

// complete checks the configuration and fills in what was left out.
func (c Config) complete(ctx context.Context) (Config, error) {
	if c.Dir == "" {
		return c, errors.New("Config.Dir is empty: name a directory on a disk that outlives the program")
	}
	if c.Product == "" {
		return c, errors.New("Config.Product is empty: name the product's code")
	}
	if c.Interval == 0 {
		c.Interval = DefaultInterval
	}
	if c.Interval < IntervalMin || c.Interval > IntervalMax {
		return c, fmt.Errorf("Config.Interval is %s, it must be from %s to %s", c.Interval, IntervalMin, IntervalMax)
	}
	for dimension, terms := range c.Dimensions {
		if terms.Per < 0 || terms.Included < 0 {
			return c, fmt.Errorf("Config.Dimensions[%q] is %+v, which must not be negative", dimension, terms)
		}
	}
	c.Dimensions = maps.Clone(c.Dimensions)
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Client == nil {
		var err error
		if c.Client, err = client.New(ctx, client.Config{}); err != nil {
			return c, err
		}
	}
	return c, nil
}

// outbox is how the outbox is to be opened.
func (c *Config) outbox() outbox.Config {
	return outbox.Config{
		Logger:       c.Logger,
		ReserveBytes: c.reserveBytes,
		Terms: func(k outbox.Key) outbox.Terms {
			t := c.Dimensions[string(k.Dimension)]
			return outbox.Terms{Per: t.Per, Included: t.Included}
		},
	}
}

// counter makes the counter of a name, if usage can be told under it.
func (c *Config) counter(n name, tags []metering.Tag) (*Counter, error) {
	e := outbox.Event{ID: "any", Key: c.key(n.customer, n.dimension), Tags: tags}
	if err := c.check(e); err != nil {
		return nil, err
	}
	return &Counter{name: n, tags: tags}, nil
}

func (c *Config) key(customer Customer, dimension string) outbox.Key {
	return outbox.Key{Product: metering.ProductCode(c.Product), Customer: customer.told(), Dimension: metering.Dimension(dimension)}
}

// check refuses usage that can never be told.
func (c *Config) check(e outbox.Event) error {
	if answer := outbox.CheckEvent(e); answer.Outcome == outbox.Refused {
		return fmt.Errorf("%w: %s", ErrInvalid, answer.Detail)
	}
	if _, ok := c.Dimensions[string(e.Key.Dimension)]; !ok && c.Dimensions != nil {
		return fmt.Errorf("%w: dimension %q is not in Config.Dimensions", ErrInvalid, e.Key.Dimension)
	}
	return nil
}
