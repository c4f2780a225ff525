package admin

import (
	"net/http"

	"github.com/meterd/meterd/internal/marketplace"
)

// reset forgets all records, calls and the marketplace and applies the start
// catalog. The clock stays as it is: PUT clock resets that.
func (a *Admin) reset(r *http.Request) (any, error) {
	if !a.cfg.AllowReset {
		return nil, refuse(http.StatusForbidden, "reset forgets all usage and is not allowed here; meterd dev allows it, and meterd serve --allow-reset")
	}
	start := marketplace.State{Settings: marketplace.DefaultSettings}
	a.cfg.Override(&start.Settings)
	if a.cfg.Start != nil {
		var err error
		if start, err = a.cfg.Start(); err != nil {
			return nil, refuse(http.StatusConflict, "nothing was forgotten, because the start catalog cannot be applied: %v", err)
		}
	}
	// A state that contradicts itself is noticed before anything is forgotten.
	if _, err := marketplace.NewMarket(start); err != nil {
		return nil, refuse(http.StatusConflict, "nothing was forgotten, because the start catalog cannot be applied: %v", err)
	}
	if err := a.ledger.Reset(r.Context(), start); err != nil {
		return nil, err
	}
	a.logger.Warn("everything was forgotten on request", "remote", r.RemoteAddr)
	return map[string]string{"status": "reset"}, nil
}
