package catalog

import (
	_ "embed"
	"fmt"
	"time"

	"github.com/meterd/meterd/internal/marketplace"
)

// DemoSource is the catalog of the demo marketplace, to copy and edit.
//
//go:embed demo.yaml
var DemoSource string

// demoWritten is the moment that the times of the demo catalog are told from.
var demoWritten = time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)

// Demo returns the marketplace that `meterd dev` starts with, as if its catalog
// had been written now: an agreement that ended half an hour before then ended
// half an hour ago. It has no registration tokens; whoever shows one mints it.
func Demo(now time.Time) (marketplace.State, error) {
	state, err := Parse([]byte(DemoSource), Options{File: "demo.yaml", Now: now})
	if err != nil {
		return marketplace.State{}, fmt.Errorf("reading the demo catalog: %w", err)
	}
	age := now.UTC().Truncate(time.Second).Sub(demoWritten)
	for _, b := range state.Buyers {
		for i := range b.Agreements {
			moveAgreement(&b.Agreements[i], age)
		}
	}
	return state, nil
}

func moveAgreement(a *marketplace.Agreement, by time.Duration) {
	a.Start = a.Start.Add(by)
	if !a.End.IsZero() {
		a.End = a.End.Add(by)
	}
}
