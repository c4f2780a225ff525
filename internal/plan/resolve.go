package plan

import (
	"fmt"
	"strings"

	"github.com/meterd/meterd/internal/intake"
	"github.com/meterd/meterd/internal/metering"
	"github.com/meterd/meterd/internal/outbox"
)

// Refusal says why an event is not counted. The reasons are those of the outbox
// and the ones below.
type Refusal struct {
	Reason outbox.Reason
	Detail string
}

const (
	// ReasonMalformed: the event does not have the members that it needs.
	ReasonMalformed outbox.Reason = "malformed"
	// ReasonProduct: the plan has no such product.
	ReasonProduct outbox.Reason = "product"
	// ReasonDimension: the product has no such metric.
	ReasonDimension outbox.Reason = "dimension"
	// ReasonDoNotMeter: the plan says not to meter the customer.
	ReasonDoNotMeter outbox.Reason = "do-not-meter"
)

func refuse(reason outbox.Reason, format string, args ...any) *Refusal {
	return &Refusal{reason, fmt.Sprintf(format, args...)}
}

// Resolve says what a told event counts as.
func (p *Plan) Resolve(told *intake.Event) (outbox.Event, *Refusal) {
	if told.Problem != "" {
		return outbox.Event{}, &Refusal{ReasonMalformed, told.Problem}
	}
	product, refusal := p.productOf(told)
	if refusal != nil {
		return outbox.Event{}, refusal
	}
	customer := CustomerOf(told.Customer, told.Identifier, told.Account, told.License)
	if p.DoNotMeter[string(customer.Identifier)] || p.DoNotMeter[string(customer.Account)] {
		return outbox.Event{}, refuse(ReasonDoNotMeter, "The configuration says not to meter %s.", customer)
	}
	dimension, quantity, refusal := product.convert(told.Dimension, told.Quantity)
	if refusal != nil {
		return outbox.Event{}, refusal
	}
	return outbox.Event{
		ID:       outbox.EventID(told.ID),
		Key:      outbox.Key{Product: product.Code, Customer: customer, Dimension: dimension},
		Quantity: quantity,
		Tags:     told.Tags,
		Time:     told.Time,
	}, nil
}

// productOf finds the product of an event; it may be left out if there is one
// only.
func (p *Plan) productOf(told *intake.Event) (*Product, *Refusal) {
	if told.Product == "" && len(p.Products) == 1 {
		return &p.Products[0], nil
	}
	if product := p.product(metering.ProductCode(told.Product)); product != nil {
		return product, nil
	}
	codes := make([]string, len(p.Products))
	for i := range p.Products {
		codes[i] = string(p.Products[i].Code)
	}
	return nil, refuse(ReasonProduct, "Product %.100q is not one that this agent meters; it meters %s.", told.Product, strings.Join(codes, ", "))
}

// CustomerOf tells customers apart: 12 digits are an AWS account, anything else
// is the identifier of an older integration. What says which it is holds.
func CustomerOf(either, identifier, account, license string) outbox.Customer {
	c := outbox.Customer{Identifier: metering.CustomerID(identifier), Account: metering.AccountID(account), License: metering.LicenseARN(license)}
	switch {
	case either == "":
	case c.Account == "" && isAccount(either):
		c.Account = metering.AccountID(either)
	case c.Identifier == "":
		c.Identifier = metering.CustomerID(either)
	}
	return c
}

const accountDigits = 12

func isAccount(text string) bool {
	if len(text) != accountDigits {
		return false
	}
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return true
}

// convert finds the dimension of a metric, and its quantity in the unit that the
// dimension is counted in.
func (p *Product) convert(metric string, quantity int64) (metering.Dimension, int64, *Refusal) {
	if len(p.Dimensions) == 0 {
		return metering.Dimension(metric), quantity, nil
	}
	for i := range p.Dimensions {
		d := &p.Dimensions[i]
		for _, m := range d.Metrics {
			if m.Name != metric {
				continue
			}
			if limit := outbox.EventQuantityMax / m.Factor; quantity > limit || quantity < -limit {
				return "", 0, refuse(outbox.ReasonQuantity, "Quantity %d of %s is out of range; one event can tell up to %d, either way.", quantity, metric, limit)
			}
			return d.Key, quantity * m.Factor, nil
		}
	}
	return "", 0, refuse(ReasonDimension, "Product %s has no dimension or metric %.100q in the configuration; it has %s.", p.Code, metric, strings.Join(p.metrics(), ", "))
}

func (p *Product) metrics() (names []string) {
	for _, d := range p.Dimensions {
		for _, m := range d.Metrics {
			names = append(names, m.Name)
		}
	}
	return names
}

// Terms are how the usage of a key becomes a billed quantity.
func (p *Plan) Terms(k outbox.Key) outbox.Terms {
	product := p.product(k.Product)
	if product == nil {
		return outbox.Terms{}
	}
	for _, d := range product.Dimensions {
		if d.Key == k.Dimension {
			return outbox.Terms{Per: d.Per, Included: d.Included * d.Per}
		}
	}
	return outbox.Terms{}
}
