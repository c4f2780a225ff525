package plan

import (
	"time"

	"github.com/meterd/meterd/internal/metering"
)

// Plan is what an agent is to do.
type Plan struct {
	// Data is the directory of the outbox.
	Data string
	// Listen is the address of the agent's API.
	Listen string
	// Token must come with every request to it; empty: only this machine may
	// call.
	Token string
	// Clock is "auto", "machine", or the URL of a meterd's admin surface.
	Clock string
	// Settle is how long after its end an hour is frozen.
	Settle time.Duration
	// DryRun counts and freezes, and sends nothing.
	DryRun bool

	Services []Service
	Products []Product
	// DoNotMeter are customers, by identifier or account, whose usage is
	// ignored.
	DoNotMeter map[string]bool
	Alerts     Alerts
}

// Service is where records are sent, and as whom. What is empty comes from the
// environment, as with every AWS client.
type Service struct {
	Name string
	// Endpoint is empty for AWS.
	Endpoint string
	Region   string
	// Profile is a section of the shared AWS configuration.
	Profile string
	// APIKey is for a meterd that knows it, instead of a signature.
	APIKey string
	// Rate is how many calls per second are made at most; 0 is the client's
	// own, under AWS's quota.
	Rate float64
}

// Product is a product that is metered.
type Product struct {
	Code metering.ProductCode
	// Service is the name of one of the services.
	Service string
	// Dimensions are empty if whatever a program tells is a dimension.
	Dimensions []Dimension
	// ZeroUsage sends a record of 0 for each hour in which a customer that was
	// metered before has no usage.
	ZeroUsage bool
	// Heartbeats are told by the agent itself, every hour that it runs.
	Heartbeats []Heartbeat
}

// Dimension is a pricing dimension and the metrics that become it.
type Dimension struct {
	Key metering.Dimension
	// Per is how many units of the finest metric make one billed unit.
	Per int64
	// Included is how many billed units of each customer and UTC month are
	// free of charge.
	Included int64
	// Metrics are never empty; without a mapping there is one of the
	// dimension's own name.
	Metrics []Metric
}

// Metric is a name that programs tell, and how many units of the finest metric
// of its dimension one of it is.
type Metric struct {
	Name   string
	Factor int64
}

// Heartbeat is usage that arises from the mere hour.
type Heartbeat struct {
	Customer  string
	License   string
	Dimension string
	Quantity  int64
}

// Alerts say when to call for a person.
type Alerts struct {
	// Webhook gets a message as JSON, {"text": "…"}; empty: alerts are logged.
	Webhook string
	// Deadline is how long before a record's deadline it is told of.
	Deadline time.Duration
	// Stalled is how long a record may wait after it was frozen.
	Stalled time.Duration
	// Silent is how long no event may come; 0: that is no alarm.
	Silent time.Duration
}

// Defaults of what a file leaves out.
const (
	// DefaultListen is where the agent's API is.
	DefaultListen = "127.0.0.1:8422"
	// DefaultSettle lets the last events of an hour arrive. Later ones are not
	// lost: they are billed with the next hour.
	DefaultSettle = time.Minute
	// DefaultDeadlineAlert leaves time to mend credentials or a network.
	DefaultDeadlineAlert = 3 * time.Hour
	// DefaultStalledAlert is longer than any outage that mends itself.
	DefaultStalledAlert = time.Hour

	// ClockAuto follows the clock of a meterd that has steered it, and is the
	// machine's otherwise.
	ClockAuto = "auto"
	// ClockMachine is the machine's.
	ClockMachine = "machine"
)

// ForProduct is the plan of an agent without a file: one product at one
// endpoint, whose dimensions are what programs tell.
func ForProduct(code metering.ProductCode, endpoint string) *Plan {
	p := withDefaults()
	p.Services = []Service{{Name: "default", Endpoint: endpoint}}
	p.Products = []Product{{Code: code, Service: "default"}}
	return p
}

func withDefaults() *Plan {
	return &Plan{
		Listen: DefaultListen,
		Clock:  ClockAuto,
		Settle: DefaultSettle,
		Alerts: Alerts{Deadline: DefaultDeadlineAlert, Stalled: DefaultStalledAlert},
	}
}

// ServiceOf returns the service of a product, "" if the plan has none.
func (p *Plan) ServiceOf(code metering.ProductCode) string {
	if product := p.product(code); product != nil {
		return product.Service
	}
	return ""
}

func (p *Plan) product(code metering.ProductCode) *Product {
	for i := range p.Products {
		if p.Products[i].Code == code {
			return &p.Products[i]
		}
	}
	return nil
}
