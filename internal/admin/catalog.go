package admin

import (
	"context"
	"errors"
	"net/http"

	"github.com/meterd/meterd/internal/catalog"
	"github.com/meterd/meterd/internal/ledger"
	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/mistake"
)

// YAML is the media type of a catalog.
const YAML = "application/yaml"

// Applied says what a catalog changed.
type Applied struct {
	// Created, Changed and Removed count sellers, buyers, tokens and the settings.
	Created int `json:"created"`
	Changed int `json:"changed"`
	Removed int `json:"removed"`
}

// catalog exports the marketplace, with the secrets that it takes to make the
// same one elsewhere.
func (a *Admin) catalog(w http.ResponseWriter, _ *http.Request) {
	source, err := catalog.Format(a.ledger.Market().State)
	if err != nil {
		a.fail(w, err)
		return
	}
	w.Header().Set("Content-Type", YAML)
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(source)
}

// putCatalog applies a catalog; with ?prune=true it removes what the catalog does
// not name. One that names key files is refused: a request must not make the
// service read its machine's files.
func (a *Admin) putCatalog(r *http.Request) (any, error) {
	source, err := readBody(r, catalogBytesMax)
	if err != nil {
		return nil, err
	}
	state, err := catalog.Parse(source, catalog.Options{Now: a.ledger.Clock().Now()})
	if err != nil {
		return nil, explainCatalog(err)
	}
	a.cfg.Override(&state.Settings)
	apply, err := a.applier(r, state)
	if err != nil {
		return nil, err
	}
	applied, err := apply(r.Context(), state)
	if err != nil {
		return nil, err
	}
	a.logger.Info("catalog applied", "created", applied.Created, "changed", applied.Changed, "removed", applied.Removed)
	return Applied(applied), nil
}

// applier returns what the request asks to do with the catalog.
func (a *Admin) applier(r *http.Request, state marketplace.State) (func(context.Context, marketplace.State) (ledger.Applied, error), error) {
	query, err := queryOf(r, "prune")
	if err != nil {
		return nil, err
	}
	switch query["prune"] {
	case "true":
		return a.ledger.Replace, nil
	case "", "false":
	default:
		return nil, refuse(http.StatusBadRequest, "prune=%q is neither true nor false", query["prune"])
	}
	// What a catalog does not name stays, and may be in its way.
	if _, err := marketplace.NewMarket(a.ledger.Market().State.With(state)); err != nil {
		return nil, refuse(http.StatusConflict, "nothing was applied, because the catalog and the marketplace as it stands contradict each other: %v", err)
	}
	return a.ledger.Apply, nil
}

func explainCatalog(err error) error {
	var wrong *mistake.List
	if !errors.As(err, &wrong) {
		return refuse(http.StatusBadRequest, "%v", err)
	}
	p := refuse(http.StatusBadRequest, "nothing was applied: %v", err)
	p.Mistakes = wrong.Mistakes
	return p
}
