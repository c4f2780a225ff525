package marketplace

import (
	"crypto/sha256"
	"fmt"

	"github.com/meterd/meterd/internal/metering"
)

// Market is an immutable snapshot of a State, indexed for the rules. What its
// methods return belongs to the snapshot and must not be changed.
type Market struct {
	State
	Profile metering.Profile

	products    map[metering.ProductCode]*Listing
	byAccount   map[metering.AccountID]*holder
	byCustomer  map[metering.CustomerID]*holder
	licenses    map[metering.LicenseARN]*License
	tokens      map[string]Token
	credentials map[string]Principal
	// apiKeys is indexed by digest, so that a look-up's time tells nothing
	// about how much of a guessed key was right.
	apiKeys   map[[sha256.Size]byte]Principal
	anonymous *Principal
	// names is how many names have a Number.
	names Number
}

// NewMarket indexes a state; settings that it does not name are those of
// DefaultSettings. It refuses a state that contradicts itself: the
// same product, account, customer, licence, token or credential twice, or an
// agreement on a product that nobody lists.
func NewMarket(s State) (*Market, error) {
	s.Settings = s.Settings.over(DefaultSettings)
	m := &Market{
		State:       s,
		products:    map[metering.ProductCode]*Listing{},
		byAccount:   map[metering.AccountID]*holder{},
		byCustomer:  map[metering.CustomerID]*holder{},
		licenses:    map[metering.LicenseARN]*License{},
		tokens:      map[string]Token{},
		credentials: map[string]Principal{},
		apiKeys:     map[[sha256.Size]byte]Principal{},
	}
	var err error
	if m.Profile, err = s.Settings.profile(); err != nil {
		return nil, err
	}
	for i := range s.Sellers {
		if err := m.addSeller(&s.Sellers[i]); err != nil {
			return nil, fmt.Errorf("seller %s: %w", s.Sellers[i].Account, err)
		}
	}
	for i := range s.Buyers {
		if err := m.addBuyer(&s.Buyers[i]); err != nil {
			return nil, fmt.Errorf("buyer %s: %w", s.Buyers[i].Account, err)
		}
	}
	for _, t := range s.Tokens {
		// A token outlives the agreement that it was minted for; then it is
		// as good as none.
		if m.licenses[t.LicenseArn] == nil {
			continue
		}
		if err := addOnce(m.tokens, t.Value, t, "registration token"); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (s Settings) profile() (metering.Profile, error) {
	p, err := metering.ProfileNamed(s.Profile)
	if err != nil {
		return p, err
	}
	for name, value := range s.Switches {
		if err := p.Set(name, value); err != nil {
			return p, err
		}
	}
	return p, nil
}

func (m *Market) addSeller(s *Seller) error {
	for i := range s.Products {
		p := &s.Products[i]
		if err := addOnce(m.products, p.Code, m.newListing(p, s.Account), "product"); err != nil {
			return err
		}
	}
	return m.addCredentials(s.Account, s.Credentials)
}

func (m *Market) addBuyer(b *Buyer) error {
	h, err := m.newHolder(b)
	if err != nil {
		return err
	}
	if err := addOnce(m.byAccount, b.Account, h, "buyer account"); err != nil {
		return err
	}
	if b.CustomerIdentifier != "" {
		if err := addOnce(m.byCustomer, b.CustomerIdentifier, h, "customerIdentifier"); err != nil {
			return err
		}
	}
	for i := range h.licenses {
		license := &h.licenses[i]
		if err := addOnce(m.licenses, license.LicenseArn, license, "licenseArn"); err != nil {
			return err
		}
	}
	return m.addCredentials(b.Account, b.Credentials)
}

func (m *Market) addCredentials(account metering.AccountID, list []Credential) error {
	for i := range list {
		p := Principal{account, &list[i]}
		switch {
		case p.AccessKeyID != "":
			if err := addOnce(m.credentials, p.AccessKeyID, p, "accessKeyId"); err != nil {
				return err
			}
		case p.APIKey != "":
			digest := sha256.Sum256([]byte(p.APIKey))
			if _, ok := m.apiKeys[digest]; ok {
				return fmt.Errorf("an apiKey of user %q is there twice", p.UserName())
			}
			m.apiKeys[digest] = p
		case p.Anonymous:
			if m.anonymous != nil {
				return fmt.Errorf("a second anonymous credential; account %s has one", m.anonymous.Account)
			}
			m.anonymous = &p
		default:
			return fmt.Errorf("credential %d has no accessKeyId, apiKey or anonymous", i+1)
		}
	}
	return nil
}

func addOnce[K comparable, V any](index map[K]V, key K, value V, what string) error {
	if _, ok := index[key]; ok {
		return fmt.Errorf("%s %q is there twice", what, fmt.Sprint(key))
	}
	index[key] = value
	return nil
}

// Product returns the product with a code, or nil.
func (m *Market) Product(code metering.ProductCode) *Listing { return m.products[code] }

// Buyer returns the buyer with an account, or nil.
func (m *Market) Buyer(account metering.AccountID) *Buyer {
	if h := m.byAccount[account]; h != nil {
		return h.Buyer
	}
	return nil
}

// License returns the licence with an ARN, or nil.
func (m *Market) License(arn metering.LicenseARN) *License { return m.licenses[arn] }

// ByAccessKey returns whose access key it is.
func (m *Market) ByAccessKey(id string) (Principal, bool) {
	p, ok := m.credentials[id]
	return p, ok
}

// ByAPIKey returns whose API key it is.
func (m *Market) ByAPIKey(key string) (Principal, bool) {
	p, ok := m.apiKeys[sha256.Sum256([]byte(key))]
	return p, ok
}

// Anonymous returns the principal of calls that carry no proof, if the
// marketplace has one.
func (m *Market) Anonymous() (Principal, bool) {
	if m.anonymous == nil {
		return Principal{}, false
	}
	return *m.anonymous, true
}
