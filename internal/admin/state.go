package admin

import (
	"net/http"

	"github.com/meterd/meterd/internal/clock"
	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/metering"
)

// State is how the service stands, without its secrets.
type State struct {
	Clock    clock.State `json:"clock"`
	Settings Settings    `json:"settings"`
	Counts   Counts      `json:"counts"`
	Store    Store       `json:"store"`
	Sellers  []Seller    `json:"sellers"`
	Buyers   []Buyer     `json:"buyers"`
	Tokens   []Token     `json:"tokens"`
}

// Settings are those of the marketplace, with what every switch is at.
type Settings struct {
	Region   metering.Region `json:"region"`
	Profile  string          `json:"profile"`
	Switches []Switch        `json:"switches"`
}

// Switch is one switch of the behaviour profile.
type Switch struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	// Overridden says that the value was set apart from the profile.
	Overridden bool `json:"overridden,omitempty"`
	// Fact is the entry of docs/facts.md that the switch rests on.
	Fact   string `json:"fact"`
	Doc    string `json:"doc"`
	Values string `json:"values"`
}

// Counts are sizes of the marketplace.
type Counts struct {
	Sellers    int `json:"sellers"`
	Products   int `json:"products"`
	Buyers     int `json:"buyers"`
	Agreements int `json:"agreements"`
	Tokens     int `json:"tokens"`
}

// Store is the gauges of the store.
type Store struct {
	Bytes   uint64 `json:"bytes"`
	Waiting int    `json:"waiting"`
	// Stopped says why the store accepts no more writes.
	Stopped string `json:"stopped,omitempty"`
}

func (a *Admin) state(*http.Request) (any, error) {
	market := a.ledger.Market()
	standing := a.ledger.Clock().State()
	state := State{
		Clock:    standing,
		Settings: settingsOf(market),
		Sellers:  []Seller{},
		Buyers:   []Buyer{},
		Tokens:   []Token{},
	}
	for _, s := range market.Sellers {
		state.Sellers = append(state.Sellers, sellerOf(s))
		state.Counts.Products += len(s.Products)
	}
	for _, b := range market.Buyers {
		state.Buyers = append(state.Buyers, buyerOf(b, standing.Now, market.Profile.FinalHour))
		state.Counts.Agreements += len(b.Agreements)
	}
	for _, t := range market.Tokens {
		state.Tokens = append(state.Tokens, tokenOf(market, t))
	}
	state.Counts.Sellers, state.Counts.Buyers, state.Counts.Tokens = len(state.Sellers), len(state.Buyers), len(state.Tokens)
	stats := a.ledger.Stats()
	state.Store = Store{Bytes: stats.Bytes, Waiting: stats.Waiting}
	if stats.Stopped != nil {
		state.Store.Stopped = stats.Stopped.Error()
	}
	return state, nil
}

func settingsOf(m *marketplace.Market) Settings {
	settings := Settings{Region: m.Settings.Region, Profile: m.Settings.Profile}
	for _, s := range metering.Switches {
		_, overridden := m.Settings.Switches[s.Name]
		settings.Switches = append(settings.Switches, Switch{s.Name, s.Value(&m.Profile), overridden, s.Fact, s.Doc, s.Values})
	}
	return settings
}
