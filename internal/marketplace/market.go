package marketplace

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"github.com/meterd/meterd/internal/metering"
)

// State is everything a marketplace consists of, as plain data.
type State struct {
	Settings Settings
	Sellers  []Seller
	Buyers   []Buyer
	Tokens   []Token
}

// Settings hold for the whole marketplace.
type Settings struct {
	// Region is the one that calls without a signature are taken to be for.
	Region metering.Region `json:"region"`
	// Profile and Switches choose the behaviour; see metering.Profile.
	Profile  string            `json:"profile"`
	Switches map[string]string `json:"switches,omitempty"`
}

// Market is an immutable snapshot of a State, indexed for the rules. What its
// methods return belongs to the snapshot and must not be changed.
type Market struct {
	State
	Profile metering.Profile

	products    map[metering.ProductCode]*Listing
	byAccount   map[metering.AccountID]*Buyer
	byCustomer  map[metering.CustomerID]*Buyer
	licenses    map[metering.LicenseARN]*License
	tokens      map[string]Token
	credentials map[string]Principal
	// apiKeys is indexed by digest, so that a look-up's time tells nothing
	// about how much of a guessed key was right.
	apiKeys   map[[sha256.Size]byte]Principal
	anonymous *Principal
}

// Listing is a product with its seller.
type Listing struct {
	*Product
	Seller metering.AccountID
}

// License is an agreement with the buyer that holds it.
type License struct {
	*Agreement
	Buyer *Buyer
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
		byAccount:   map[metering.AccountID]*Buyer{},
		byCustomer:  map[metering.CustomerID]*Buyer{},
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
		if err := addOnce(m.products, p.Code, &Listing{p, s.Account}, "product"); err != nil {
			return err
		}
	}
	return m.addCredentials(s.Account, s.Credentials)
}

func (m *Market) addBuyer(b *Buyer) error {
	if err := addOnce(m.byAccount, b.Account, b, "buyer account"); err != nil {
		return err
	}
	if b.CustomerIdentifier != "" {
		if err := addOnce(m.byCustomer, b.CustomerIdentifier, b, "customerIdentifier"); err != nil {
			return err
		}
	}
	for i := range b.Agreements {
		a := &b.Agreements[i]
		if m.products[a.Product] == nil {
			return fmt.Errorf("agreement on product %q, which no seller lists", a.Product)
		}
		if err := addOnce(m.licenses, a.LicenseArn, &License{a, b}, "licenseArn"); err != nil {
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
func (m *Market) Buyer(account metering.AccountID) *Buyer { return m.byAccount[account] }

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

// agreementFor returns the buyer's agreement on a product: one that takes usage
// at now and had begun at ts if there is any, else any, else nil. A buyer who
// comes back has two, and until the first one's final hour is over, usage of
// either can be told.
func (b *Buyer) agreementFor(product metering.ProductCode, ts, now time.Time, finalHour time.Duration) *Agreement {
	var found *Agreement
	for i := range b.Agreements {
		a := &b.Agreements[i]
		if a.Product != product {
			continue
		}
		if a.TakesUsageAt(now, finalHour) && !ts.Before(a.Start) {
			return a
		}
		found = a
	}
	return found
}

// DefaultSettings hold where nothing else was ever said.
var DefaultSettings = Settings{Region: "us-east-1", Profile: metering.DefaultProfile}

// over returns the settings with those of base where s names none. Switches
// count as one: an empty mapping is named, and sets none.
func (s Settings) over(base Settings) Settings {
	s.Region = cmp.Or(s.Region, base.Region)
	s.Profile = cmp.Or(s.Profile, base.Profile)
	if s.Switches == nil {
		s.Switches = base.Switches
	}
	return s
}

// With returns the state that other makes of s: the settings, sellers, buyers
// and tokens that other names replace those of s or are added. A token that is
// there keeps the time it was minted at. Sellers and buyers come by account, so
// that the result does not depend on how it came about.
func (s State) With(other State) State {
	sellers := merge(s.Sellers, other.Sellers, func(_, x Seller) Seller { return x }, func(x Seller) string { return string(x.Account) })
	buyers := merge(s.Buyers, other.Buyers, func(_, x Buyer) Buyer { return x }, func(x Buyer) string { return string(x.Account) })
	slices.SortFunc(sellers, func(a, b Seller) int { return cmp.Compare(a.Account, b.Account) })
	slices.SortFunc(buyers, func(a, b Buyer) int { return cmp.Compare(a.Account, b.Account) })
	return State{
		Settings: other.Settings.over(s.Settings),
		Sellers:  sellers,
		Buyers:   buyers,
		Tokens: merge(s.Tokens, other.Tokens, func(old, x Token) Token {
			x.Minted = old.Minted
			return x
		}, func(x Token) string { return x.Value }),
	}
}

// Only returns the state without the sellers, buyers and tokens that other does
// not name.
func (s State) Only(other State) State {
	s.Sellers = keep(s.Sellers, other.Sellers, func(x Seller) string { return string(x.Account) })
	s.Buyers = keep(s.Buyers, other.Buyers, func(x Buyer) string { return string(x.Account) })
	s.Tokens = keep(s.Tokens, other.Tokens, func(x Token) string { return x.Value })
	return s
}

func keep[T any](list, named []T, name func(T) string) []T {
	names := map[string]bool{}
	for _, x := range named {
		names[name(x)] = true
	}
	return slices.DeleteFunc(slices.Clone(list), func(x T) bool { return !names[name(x)] })
}

func merge[T any](old, other []T, replace func(old, x T) T, name func(T) string) []T {
	merged := slices.Clone(old)
	at := map[string]int{}
	for i, x := range merged {
		at[name(x)] = i
	}
	for _, x := range other {
		if i, ok := at[name(x)]; ok {
			merged[i] = replace(merged[i], x)
		} else {
			merged = append(merged, x)
		}
	}
	return merged
}
