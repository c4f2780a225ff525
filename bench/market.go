package bench

import (
	"fmt"
	"time"

	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/metering"
)

// Mode says how buyers are addressed.
type Mode string

// The modes. In Both, every other product is concurrent.
const (
	Both       Mode = "both"
	Legacy     Mode = "legacy"
	Concurrent Mode = "concurrent"
)

// Market says how large the marketplace is that a run meters. Every buyer has
// an agreement on every product.
type Market struct {
	Sellers, Products, Buyers, Dimensions int
	Mode                                  Mode
}

// DefaultMarket has room for 23 million records in the hours that are open.
var DefaultMarket = Market{Sellers: 2, Products: 10, Buyers: 4000, Dimensions: 25, Mode: Both}

// Check refuses a marketplace that cannot be.
func (m Market) Check() error {
	for _, part := range []struct {
		name    string
		n, most int
	}{
		{"sellers", m.Sellers, min(m.Products, 100)},
		{"products", m.Products, 1000},
		{"buyers", m.Buyers, 1_000_000},
		{"dimensions", m.Dimensions, 200},
	} {
		if part.n < 1 || part.n > part.most {
			return fmt.Errorf("%d %s: there must be 1 to %d", part.n, part.name, part.most)
		}
	}
	if m.Buyers*m.Dimensions > spaceMax {
		return fmt.Errorf("%d buyers with %d dimensions: they multiply to more than %d", m.Buyers, m.Dimensions, spaceMax)
	}
	switch m.Mode {
	case Both, Legacy, Concurrent:
		return nil
	}
	return fmt.Errorf("mode %q is not both, legacy or concurrent", m.Mode)
}

const (
	region = "us-east-1"
	// appliance is the product that instances meter themselves.
	appliance metering.ProductCode = "bench-appliance"
	// instancesMax is how many buyers run one: each needs a credential.
	instancesMax = 200
)

// begun is before all usage.
var begun = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

// State is the marketplace. Its secrets are known to everybody.
func (m Market) State() marketplace.State {
	s := marketplace.State{Settings: marketplace.Settings{Region: region, Profile: metering.DefaultProfile}}
	for i := range m.Sellers {
		s.Sellers = append(s.Sellers, marketplace.Seller{
			Account:     m.seller(i),
			Credentials: []marketplace.Credential{m.sellerKey(i)},
		})
	}
	for p := range m.Products {
		owner := &s.Sellers[p%m.Sellers]
		owner.Products = append(owner.Products, marketplace.Product{
			Code: m.code(p), Kind: marketplace.SaaS, Mode: m.mode(p), Dimensions: m.dimensions(),
		})
	}
	s.Sellers[0].Products = append(s.Sellers[0].Products, marketplace.Product{
		Code: appliance, Kind: marketplace.AMI, Dimensions: m.dimensions(),
	})
	for b := range m.Buyers {
		s.Buyers = append(s.Buyers, m.buyer(b))
	}
	return s
}

func (m Market) buyer(b int) marketplace.Buyer {
	buyer := marketplace.Buyer{Account: m.account(b), CustomerIdentifier: m.customer(b)}
	for p := range m.Products {
		buyer.Agreements = append(buyer.Agreements, marketplace.Agreement{
			Product: m.code(p), LicenseArn: m.license(p, b), Status: marketplace.Active, Start: begun,
		})
	}
	if b < m.instances() {
		buyer.Credentials = []marketplace.Credential{m.instanceKey(b)}
		buyer.Agreements = append(buyer.Agreements, marketplace.Agreement{
			Product: appliance, LicenseArn: m.license(m.Products, b), Status: marketplace.Active, Start: begun,
		})
	}
	return buyer
}

func (m Market) dimensions() []marketplace.Dimension {
	list := make([]marketplace.Dimension, m.Dimensions)
	for d := range list {
		list[d].Key = m.dimension(d)
	}
	return list
}

func (m Market) instances() int { return min(m.Buyers, instancesMax) }

func (m Market) mode(product int) marketplace.Mode {
	if m.Mode == Concurrent || m.Mode == Both && product%2 == 1 {
		return marketplace.Concurrent
	}
	return marketplace.Legacy
}

// The names are as long as those that AWS gives.

func (m Market) seller(i int) metering.AccountID { return account(111_100_000_000 + i) }

func (m Market) account(b int) metering.AccountID { return account(222_200_000_000 + b) }

func account(n int) metering.AccountID { return metering.AccountID(fmt.Sprintf("%012d", n)) }

func (m Market) customer(b int) metering.CustomerID {
	return metering.CustomerID(fmt.Sprintf("buyer%06d", b))
}

func (m Market) code(product int) metering.ProductCode {
	return metering.ProductCode(fmt.Sprintf("bench%020d", product))
}

func (m Market) dimension(d int) metering.Dimension {
	return metering.Dimension(fmt.Sprintf("dimension%03d", d))
}

func (m Market) license(product, b int) metering.LicenseARN {
	seller := m.seller(product % m.Sellers)
	return metering.LicenseARN(fmt.Sprintf("arn:aws:license-manager::%s:license:l-%016x%016x", seller, product, b))
}

func (m Market) sellerKey(i int) marketplace.Credential {
	return marketplace.Credential{
		AccessKeyID:     fmt.Sprintf("AKIAMETERDDEMO0%05d", 70_000+i),
		SecretAccessKey: fmt.Sprintf("meterd-bench-secret-of-the-seller-%05d", i),
		User:            "bench",
	}
}

func (m Market) instanceKey(b int) marketplace.Credential {
	return marketplace.Credential{
		AccessKeyID:     fmt.Sprintf("AKIAMETERDDEMO0%05d", 80_000+b),
		SecretAccessKey: fmt.Sprintf("meterd-bench-secret-of-the-instance-%05d", b),
		Platform:        marketplace.EC2,
		Resource:        metering.Resource(fmt.Sprintf("arn:aws:ec2:%s:%s:instance/i-%017x", region, m.account(b), b)),
	}
}
