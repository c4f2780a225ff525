package marketplace

import (
	"fmt"
	"time"

	"github.com/meterd/meterd/internal/metering"
)

// Listing is a product with its seller.
type Listing struct {
	*Product
	Seller metering.AccountID
	// Number is that of the product's code.
	Number Number
	// dimensions has the numbers of the product's dimensions.
	dimensions map[metering.Dimension]Number
}

// License is an agreement with its product and its buyer. All that is asked of
// it about a usage record stands in one piece: a batch asks for 25 of the many
// there are, and would wait for memory at each pointer that it had to follow.
type License struct {
	Agreement
	Listing *Listing
	Buyer   *Buyer
	// Holder is the buyer's account.
	Holder metering.AccountID
	// Number is that of the LicenseArn, HolderNumber that of the buyer's account.
	Number, HolderNumber Number
}

// Number stands for a name of the marketplace that usage is told under: the code
// or a dimension of a product, a licence, a buyer's account. Numbers are good for
// one snapshot only, but lie close together, from 0 to Market.Names, so that
// whoever keeps something for each name can keep it in a slice.
type Number uint32

// Names is how many names have a Number.
func (m *Market) Names() int { return int(m.names) }

func (m *Market) newNumber() Number {
	m.names++
	return m.names - 1
}

func (m *Market) newListing(p *Product, seller metering.AccountID) *Listing {
	l := &Listing{Product: p, Seller: seller, Number: m.newNumber(), dimensions: make(map[metering.Dimension]Number, len(p.Dimensions))}
	for _, d := range p.Dimensions {
		l.dimensions[d.Key] = m.newNumber()
	}
	return l
}

// holder is a buyer with the licences it holds, in the order of its agreements.
type holder struct {
	*Buyer
	licenses []License
}

func (m *Market) newHolder(b *Buyer) (*holder, error) {
	h := &holder{b, make([]License, len(b.Agreements))}
	account := m.newNumber()
	for i, a := range b.Agreements {
		listing := m.products[a.Product]
		if listing == nil {
			return nil, fmt.Errorf("agreement on product %q, which no seller lists", a.Product)
		}
		a.Status = a.Status.known()
		h.licenses[i] = License{a, listing, b, b.Account, m.newNumber(), account}
	}
	return h, nil
}

// licenseFor returns the holder's licence for a product: one that takes usage at
// now and had begun at ts if there is any, else any, else nil. A buyer who comes
// back has two, and until the first one's final hour is over, usage of either
// can be told.
func (h *holder) licenseFor(listing *Listing, ts, now time.Time, finalHour time.Duration) *License {
	var found *License
	for i := range h.licenses {
		l := &h.licenses[i]
		if l.Listing != listing {
			continue
		}
		if l.TakesUsageAt(now, finalHour) && !ts.Before(l.Start) {
			return l
		}
		found = l
	}
	return found
}
