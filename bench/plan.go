package bench

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/meterd/meterd/api"
	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/metering"
)

// plan holds what the requests of a run are made of. It does not change, so
// that all connections share it.
type plan struct {
	Options
	// host is what requests say that they are for, addresses where they go.
	host      string
	addresses []string

	dimensions []string
	products   []product
	instances  instances
}

// product is what there is to tell of one, cut into parts of a body.
type product struct {
	key marketplace.Credential
	space
	begin string
	// buyers begin a record up to the dimension; ends go from there to the
	// quantity.
	buyers, ends []string
}

// instances are what meters itself: all run the same product.
type instances struct {
	keys []marketplace.Credential
	space
}

func newPlan(o Options, now time.Time) (*plan, error) {
	addresses, err := parseEndpoints(o.Endpoint)
	if err != nil {
		return nil, err
	}
	profile, err := metering.ProfileNamed(metering.DefaultProfile)
	if err != nil {
		return nil, err
	}
	p := &plan{Options: o, host: addresses[0], addresses: addresses}
	m := o.Market
	for d := range m.Dimensions {
		p.dimensions = append(p.dimensions, string(m.dimension(d)))
	}
	if o.Operation == api.MeterUsage {
		p.instances.space = newSpace(openHours(profile.MeterWindow(), now), m.instances(), m.Dimensions, o.Seed)
		for i := range m.instances() {
			p.instances.keys = append(p.instances.keys, m.instanceKey(i))
		}
		return p, nil
	}
	hours := openHours(profile.BatchWindow(), now)
	for i := range m.Products {
		p.products = append(p.products, m.product(i, newSpace(hours, m.Buyers, m.Dimensions, o.Seed+uint64(i))))
	}
	return p, nil
}

// parseEndpoints returns the addresses that endpoints name.
func parseEndpoints(list string) (addresses []string, err error) {
	for text := range strings.SplitSeq(list, ",") {
		endpoint, err := url.Parse(text)
		if err != nil || endpoint.Scheme != "http" || endpoint.Host == "" {
			return nil, fmt.Errorf("endpoint %q is not of the form http://host:port", text)
		}
		address := endpoint.Host
		if endpoint.Port() == "" {
			address += ":80"
		}
		addresses = append(addresses, address)
	}
	return addresses, nil
}

// product cuts the bodies of a product's batches into parts. The members
// stand in the order in which the Go SDK sends them.
func (m Market) product(i int, s space) product {
	p := product{key: m.sellerKey(i % m.Sellers), space: s}
	p.begin = `{"UsageRecords":[`
	if m.mode(i) == marketplace.Legacy {
		p.begin = fmt.Sprintf(`{"ProductCode":"%s","UsageRecords":[`, m.code(i))
	}
	for b := range m.Buyers {
		buyer, end := fmt.Sprintf(`{"CustomerIdentifier":"%s","Dimension":"`, m.customer(b)), `","Quantity":`
		if m.mode(i) == marketplace.Concurrent {
			buyer = fmt.Sprintf(`{"CustomerAWSAccountId":"%s","Dimension":"`, m.account(b))
			end = fmt.Sprintf(`","LicenseArn":"%s","Quantity":`, m.license(i, b))
		}
		p.buyers, p.ends = append(p.buyers, buyer), append(p.ends, end)
	}
	return p
}
