package marketplace

import (
	"cmp"
	"slices"

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
