package check

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/meterd/meterd/internal/audit"
	"github.com/meterd/meterd/internal/store"
)

// names checks that a fact's names are known.
func (c *checker) names(ctx context.Context, f store.Fact) error {
	for _, id := range []store.NameID{f.Key.Scope, f.Key.Subject, f.Key.Party, f.Key.Dimension} {
		_, seen := c.named[id]
		if seen || id == 0 {
			continue
		}
		name, err := c.name(ctx, id)
		if err != nil {
			return err
		}
		if name == nil {
			c.problem(f.Call, "tells a fact with name %d, which is missing", id)
		}
	}
	return nil
}

// name returns the name of an id, nil if it is missing.
func (c *checker) name(ctx context.Context, id store.NameID) (*string, error) {
	if name, seen := c.named[id]; seen {
		return name, nil
	}
	name, ok, err := c.store.Name(ctx, id)
	if err != nil {
		return nil, err
	}
	c.named[id] = nil
	if ok {
		c.named[id] = &name
	}
	return c.named[id], nil
}

// said notes the names that a call says, and those in the keys of what it tells.
// The chain covers what calls say, so a name that says something else now shows.
func (c *checker) said(ctx context.Context, call *store.Call, e *audit.Entry) error {
	for _, said := range e.Names {
		id := store.NameID(said.ID)
		name, err := c.name(ctx, id)
		if err != nil {
			return err
		}
		// One that is missing is named when the facts are read.
		if name != nil && *name != said.Text {
			c.problem(call.ID, "says that name %d is %q, and it is %q now", id, said.Text, *name)
		}
		c.says[id] = struct{}{}
	}
	for i := range call.Facts {
		k := &call.Facts[i].Key
		for _, id := range [...]store.NameID{k.Scope, k.Subject, k.Party, k.Dimension} {
			if _, used := c.uses[id]; !used && id != 0 {
				c.uses[id] = call.ID
			}
		}
	}
	return nil
}

// unsaid checks that calls say all names that they use. Those that retention has
// dropped may have said any.
func (c *checker) unsaid() {
	if c.cut.Hour > 0 {
		return
	}
	for _, id := range slices.Sorted(maps.Keys(c.uses)) {
		if _, said := c.says[id]; !said {
			c.problem(c.uses[id], "tells a fact with name %d, which no call says", id)
		}
	}
}

// words checks the names in the key of a usage record against the words of the
// entry, which the chain covers: facts have numbers only, and another name would
// make them say something else.
func (c *checker) words(ctx context.Context, call store.CallID, e *audit.Entry, r record, k store.Key) error {
	// A resource meters for a seller that its entry does not name.
	account, anyAccount := e.Caller.Account, k.Kind == store.UsageByResource
	for _, word := range []struct {
		what string
		id   store.NameID
		fits func(string) bool
	}{
		{"seller and Region", k.Scope, func(name string) bool {
			seller, region, _ := strings.Cut(name, "/")
			return (anyAccount || seller == account) && (region == e.Region || region == "*")
		}},
		{"product or licence", k.Subject, func(name string) bool { return name == r.subject }},
		{"buyer", k.Party, func(name string) bool { return r.account == "" || name == r.account }},
		{"dimension", k.Dimension, func(name string) bool { return name == r.dimension }},
	} {
		name, err := c.name(ctx, word.id)
		if err != nil {
			return err
		}
		// One that is missing is named when the facts are read.
		if name != nil && !word.fits(*name) {
			c.problem(call, "tells a fact whose %s is %q now, which is not what its entry says", word.what, *name)
		}
	}
	return nil
}
