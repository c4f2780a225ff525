package ledger

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/metering"
	"github.com/meterd/meterd/internal/store"
)

// Tables of the ledger. A row of the marketplace is one seller, one buyer, one
// token, or the settings, so that a change writes what it changes.
const (
	tableLedger                  = store.TableLedger
	tableSigningKeys store.Table = "signing-keys"
	tableMarket      store.Table = "market"
)

const (
	keySettings     = "settings"
	keySellerPrefix = "seller/"
	keyBuyerPrefix  = "buyer/"
	keyTokenPrefix  = "token/"
)

// Applied says what an Apply changed.
type Applied struct {
	// Created, Changed and Removed count rows: sellers, buyers, tokens, settings.
	Created, Changed, Removed int
}

// Apply makes the marketplace say what state says: the settings, sellers,
// buyers and tokens it names are replaced or added, others stay as they are.
// Applying the same state again changes nothing. A token that is there keeps
// the time it was minted at.
func (l *Ledger) Apply(ctx context.Context, state marketplace.State) (Applied, error) {
	return l.apply(ctx, state, marketplace.State.With)
}

// Replace makes the marketplace say what state says and nothing else: sellers,
// buyers and tokens that it does not name are removed, and with them what they
// could prove themselves by. Usage that was told of them stays.
func (l *Ledger) Replace(ctx context.Context, state marketplace.State) (Applied, error) {
	return l.apply(ctx, state, func(standing, state marketplace.State) marketplace.State {
		return standing.With(state).Only(state)
	})
}

// applyTriesMax is how often a change of the marketplace meets one that another
// process makes at the same time, as services do that start together, before it
// is given up.
const applyTriesMax = 20

func (l *Ledger) apply(ctx context.Context, state marketplace.State, combine func(standing, state marketplace.State) marketplace.State) (applied Applied, err error) {
	l.applying.Lock()
	defer l.applying.Unlock()
	for range applyTriesMax {
		applied, err = l.tryApply(ctx, state, combine)
		if !errors.Is(err, store.ErrVersion) {
			break
		}
	}
	return applied, err
}

func (l *Ledger) tryApply(ctx context.Context, state marketplace.State, combine func(standing, state marketplace.State) marketplace.State) (Applied, error) {
	standing, versions, err := l.readMarket(ctx)
	if err != nil {
		return Applied{}, err
	}
	market, err := marketplace.NewMarket(combine(standing, state))
	if err != nil {
		return Applied{}, err
	}
	changed, err := changedRows(standing, market.State, versions)
	if err != nil {
		return Applied{}, err
	}
	if len(changed) > 0 {
		if err := l.store.Put(ctx, changed); err != nil {
			return Applied{}, fmt.Errorf("writing marketplace: %w", err)
		}
	}
	l.market.Store(newSnapshot(market, l.market.Load().said))
	return count(changed), nil
}

func count(rows []store.Row) (a Applied) {
	for _, row := range rows {
		switch {
		case row.Version == 0:
			a.Created++
		case len(row.Value) == 0:
			a.Removed++
		default:
			a.Changed++
		}
	}
	return a
}

// MintToken makes a registration token for a licence, as AWS Marketplace does
// each time a buyer goes to the seller's registration page.
func (l *Ledger) MintToken(ctx context.Context, license metering.LicenseARN) (marketplace.Token, error) {
	if l.Market().License(license) == nil {
		return marketplace.Token{}, fmt.Errorf("licence %q is unknown", license)
	}
	raw := make([]byte, 48)
	rand.Read(raw)
	token := marketplace.Token{Value: base64.StdEncoding.EncodeToString(raw), LicenseArn: license, Minted: l.clock.Now()}
	_, err := l.Apply(ctx, marketplace.State{Tokens: []marketplace.Token{token}})
	return token, err
}

// Reset forgets all records, calls and the marketplace, and applies state
// anew. A state that cannot be applied is refused before anything is
// forgotten. It is for sandboxes.
func (l *Ledger) Reset(ctx context.Context, state marketplace.State) error {
	if _, err := marketplace.NewMarket(state); err != nil {
		return err
	}
	if err := l.reset(ctx); err != nil {
		return fmt.Errorf("resetting ledger: %w", err)
	}
	_, err := l.Apply(ctx, state)
	return err
}

func (l *Ledger) reset(ctx context.Context) error {
	l.applying.Lock()
	defer l.applying.Unlock()
	l.signers.mu.Lock()
	defer l.signers.mu.Unlock()
	secret, err := l.secret(ctx)
	if err != nil {
		return err
	}
	if err := l.forget(ctx); err != nil {
		return err
	}
	clear(l.signers.byKey)
	l.kept.Store(0)
	// The secret stays, so that the same usage has the same id afterwards.
	_, err = l.createRow(ctx, store.Row{Table: tableLedger, Key: keySecret, Value: secret})
	return err
}

// forget resets the store while no call is recorded, and has all names said again
// in the trail that begins.
func (l *Ledger) forget(ctx context.Context) error {
	l.resetting.Lock()
	defer l.resetting.Unlock()
	if err := l.store.Reset(ctx); err != nil {
		return err
	}
	l.market.Store(newSnapshot(l.Market(), new(sync.Map)))
	return nil
}

// readMarket reads the marketplace and the versions of its rows.
func (l *Ledger) readMarket(ctx context.Context) (marketplace.State, map[string]uint64, error) {
	state := marketplace.State{Settings: marketplace.DefaultSettings}
	versions := map[string]uint64{}
	for row, err := range l.store.Rows(ctx, tableMarket) {
		if err == nil {
			versions[row.Key] = row.Version
			err = readRow(&state, row)
		}
		if err != nil {
			return state, nil, fmt.Errorf("reading marketplace: %w", err)
		}
	}
	return state, versions, nil
}

func readRow(state *marketplace.State, row store.Row) error {
	switch {
	case len(row.Value) == 0: // removed
		return nil
	case row.Key == keySettings:
		state.Settings = marketplace.Settings{}
		return json.Unmarshal(row.Value, &state.Settings)
	case strings.HasPrefix(row.Key, keySellerPrefix):
		return appendJSON(&state.Sellers, row.Value)
	case strings.HasPrefix(row.Key, keyBuyerPrefix):
		return appendJSON(&state.Buyers, row.Value)
	case strings.HasPrefix(row.Key, keyTokenPrefix):
		return appendJSON(&state.Tokens, row.Value)
	}
	return fmt.Errorf("row %q is of an unknown kind", row.Key)
}

func appendJSON[T any](list *[]T, value []byte) error {
	var x T
	if err := json.Unmarshal(value, &x); err != nil {
		return err
	}
	*list = append(*list, x)
	return nil
}

// changedRows returns the rows of want that differ from those of have.
func changedRows(have, want marketplace.State, versions map[string]uint64) ([]store.Row, error) {
	old, err := marketRows(have)
	if err != nil {
		return nil, err
	}
	rows, err := marketRows(want)
	if err != nil {
		return nil, err
	}
	before := map[string][]byte{}
	for _, row := range old {
		before[row.Key] = row.Value
	}
	changed := rows[:0]
	for _, row := range rows {
		row.Version = versions[row.Key]
		if row.Version == 0 || !bytes.Equal(before[row.Key], row.Value) {
			changed = append(changed, row)
		}
		delete(before, row.Key)
	}
	// Rows cannot be taken out of a table; one without a value is none.
	for _, row := range old {
		if _, gone := before[row.Key]; gone {
			changed = append(changed, store.Row{Table: tableMarket, Key: row.Key, Version: versions[row.Key]})
		}
	}
	return changed, nil
}

func marketRows(s marketplace.State) ([]store.Row, error) {
	var rows []store.Row
	add := func(key string, value any) error {
		text, err := json.Marshal(value)
		rows = append(rows, store.Row{Table: tableMarket, Key: key, Value: text})
		return err
	}
	err := add(keySettings, s.Settings)
	for i := 0; err == nil && i < len(s.Sellers); i++ {
		err = add(keySellerPrefix+string(s.Sellers[i].Account), s.Sellers[i])
	}
	for i := 0; err == nil && i < len(s.Buyers); i++ {
		err = add(keyBuyerPrefix+string(s.Buyers[i].Account), s.Buyers[i])
	}
	for i := 0; err == nil && i < len(s.Tokens); i++ {
		err = add(keyTokenPrefix+s.Tokens[i].Value, s.Tokens[i])
	}
	if err != nil {
		return nil, fmt.Errorf("encoding marketplace: %w", err)
	}
	return rows, nil
}
