package check

import (
	"bytes"
	"context"

	"github.com/meterd/meterd/internal/store"
)

// told checks the outcomes of a call against the facts that stand: a fact
// stands as the call told it that created it, and every other outcome follows
// from comparing with that.
func (c *checker) told(ctx context.Context, call *store.Call) error {
	if len(call.Outcomes) != len(call.Facts) {
		c.problem(call.ID, "tells %d facts and has %d outcomes", len(call.Facts), len(call.Outcomes))
		return nil
	}
	createdHere := map[store.Key]bool{}
	for i := range call.Facts {
		if c.isDropped(&call.Facts[i]) {
			continue
		}
		want, err := c.expect(ctx, call, i, createdHere)
		if err != nil {
			return err
		}
		if got := call.Outcomes[i]; want != 0 && got != want {
			c.problem(call.ID, "fact %d is %v, but %v follows from what stands", i+1, got, want)
		}
		if call.Outcomes[i] == store.Created {
			createdHere[call.Facts[i].Key] = true
			if !c.cut.HasDropped(call.ID) {
				c.created[call.Facts[i].Key.Kind]++
			}
		}
	}
	return nil
}

// isDropped reports whether nothing is to be said of a fact any more, because the
// records of its hour were dropped.
func (c *checker) isDropped(f *store.Fact) bool {
	return f.Key.Kind.IsUsage() && f.Key.Hour < c.cut.Hour
}

// expect returns the outcome that a told fact must have had, or 0 if that
// cannot be known.
func (c *checker) expect(ctx context.Context, call *store.Call, i int, createdHere map[store.Key]bool) (store.Outcome, error) {
	if call.Guarded && i > 0 {
		switch call.Outcomes[0] {
		case store.Conflict:
			return store.Skipped, nil
		case store.Faulted:
			return store.Faulted, nil
		}
	}
	if call.Outcomes[i] == store.Faulted {
		return 0, nil // nobody knows why
	}
	told := &call.Facts[i]
	if err := told.Key.Kind.Check(); err != nil {
		c.problem(call.ID, "tells fact %d, whose %v", i+1, err)
		return 0, nil
	}
	stands, ok, err := c.store.Lookup(ctx, told.Key)
	if err != nil {
		return 0, err
	}
	same := ok && stands.Quantity == told.Quantity && bytes.Equal(stands.Detail, told.Detail)
	switch {
	case !ok:
		c.problem(call.ID, "fact %d was told, and nothing stands at its key", i+1)
		return 0, nil
	case told.Until != 0:
		return c.expectPassing(call, i, &stands), nil
	case stands.Call == call.ID && !createdHere[told.Key]:
		c.asTold(call.ID, i, told, &stands)
		return store.Created, nil
	case stands.Call.Shard() == call.ID.Shard() && stands.Call > call.ID:
		c.problem(call.ID, "fact %d was told here, but stands as told by the later call %s", i+1, stands.Call)
		return 0, nil
	case same:
		return store.Same, nil
	}
	return store.Conflict, nil
}

// asTold checks that a fact stands as the call told it that created it.
func (c *checker) asTold(call store.CallID, i int, told, stands *store.Fact) {
	if stands.Quantity != told.Quantity || !bytes.Equal(stands.Detail, told.Detail) || stands.Timestamp != told.Timestamp || stands.Until != told.Until {
		c.problem(call, "fact %d stands with quantity %d, but was told with %d, or its time or details differ", i+1, stands.Quantity, told.Quantity)
	}
}

// facts checks that as many facts stand as were created, so that none was put
// in beside the log, and that all their names are known.
func (c *checker) facts(ctx context.Context) error {
	for _, kind := range []store.Kind{store.UsageByLicense, store.UsageByProduct, store.UsageByResource, store.Registration, store.ClientToken} {
		standing := uint64(0)
		for f, err := range c.store.Scan(ctx, store.Range{Kind: kind, ToHour: ^store.Hour(0)}) {
			if err != nil {
				return err
			}
			c.report.Facts++
			switch {
			case c.isDropped(&f):
			case c.cut.HasDropped(f.Call):
				c.orphans[kind]++
			default:
				standing++
			}
			c.passingStands(&f)
			if err := c.names(ctx, f); err != nil {
				return err
			}
		}
		c.orphan(kind)
		// A token that has ended can be created again in the same place.
		if created := c.created[kind]; standing > created || standing < created && kind != store.ClientToken {
			c.problem(0, "%d facts of kind %c stand, but the calls created %d", standing, kind, created)
		}
	}
	return nil
}

// orphan checks that as many facts stand whose calls were dropped as were counted.
func (c *checker) orphan(kind store.Kind) {
	counted, standing := c.cut.Created[string(rune(kind))], c.orphans[kind]
	if standing > counted || standing < counted && kind != store.ClientToken {
		c.problem(0, "%d facts of kind %c stand whose calls were dropped, but these created %d", standing, kind, counted)
	}
}
