package transfer

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/meterd/meterd/internal/store"
)

// Equal compares two ledgers in all that an export moves, and says where they
// differ first; "" if they do not. Versions of rows are not compared: they count
// writes.
func Equal(ctx context.Context, a, b store.Store, progress Progress) (difference string, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends the scans where they stand
	heads, err := a.Heads(ctx)
	if err != nil {
		return "", fmt.Errorf("comparing ledgers: %w", err)
	}
	c := counts{progress: progress}
	for _, head := range heads {
		c.all += head.Call.Seq()
	}
	difference, err = pairs("call", a.ScanCalls(ctx, 0), b.ScanCalls(ctx, 0), func(x, y *store.Call) bool {
		c.call()
		return x.ID == y.ID && x.Hash == y.Hash && slices.Equal(x.Outcomes, y.Outcomes) && bytes.Equal(toldOf(x), toldOf(y))
	}, func(x *store.Call) string { return x.ID.String() })
	for kind := store.Kind('A'); kind <= 'Z' && difference == "" && err == nil; kind++ {
		all := store.Range{Kind: kind, ToHour: ^store.Hour(0)}
		difference, err = pairs("fact", a.Scan(ctx, all), b.Scan(ctx, all), func(x, y *store.Fact) bool {
			return x.Key == y.Key && x.Quantity == y.Quantity && bytes.Equal(x.Detail, y.Detail) &&
				x.Timestamp == y.Timestamp && x.Until == y.Until && x.Call == y.Call
		}, func(x *store.Fact) string {
			return fmt.Sprintf("of kind %c that call %s told: quantity %d", x.Key.Kind, x.Call, x.Quantity)
		})
	}
	if difference == "" && err == nil {
		difference, err = pairs("name", names(ctx, a), names(ctx, b), func(x, y *string) bool { return *x == *y },
			func(x *string) string { return fmt.Sprintf("%q", *x) })
	}
	if difference == "" && err == nil {
		difference, err = pairs("row", rows(ctx, a), rows(ctx, b), func(x, y *store.Row) bool {
			return x.Table == y.Table && x.Key == y.Key && bytes.Equal(x.Value, y.Value)
		}, func(x *store.Row) string { return fmt.Sprintf("%s %q", x.Table, x.Key) })
	}
	if err != nil {
		return "", fmt.Errorf("comparing ledgers: %w", err)
	}
	return difference, nil
}

func toldOf(c *store.Call) []byte {
	return store.AppendTold(nil, &store.Request{At: c.At, Guarded: c.Guarded, Call: c.Entry, Facts: c.Facts})
}

// pairs walks over both sides at once, to the first pair that is not the same.
func pairs[T any](what string, a, b iter.Seq2[T, error], same func(x, y *T) bool, tell func(*T) string) (difference string, err error) {
	nextA, stopA := iter.Pull2(a)
	defer stopA()
	nextB, stopB := iter.Pull2(b)
	defer stopB()
	for n := 1; ; n++ {
		x, errA, moreA := nextA()
		y, errB, moreB := nextB()
		if err := cmp.Or(errA, errB); err != nil {
			return "", err
		}
		switch {
		case !moreA && !moreB:
			return "", nil
		case !moreB:
			return fmt.Sprintf("the other one ends before %s %s", what, tell(&x)), nil
		case !moreA:
			return fmt.Sprintf("the other one has %s %s besides", what, tell(&y)), nil
		case !same(&x, &y):
			return fmt.Sprintf("%s number %d: %s here, and %s there, or their details differ", what, n, tell(&x), tell(&y)), nil
		}
	}
}

func names(ctx context.Context, s store.Store) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for id := store.NameID(1); id != 0; id++ {
			name, ok, err := s.Name(ctx, id)
			if !ok && err == nil || !yield(name, err) || err != nil {
				return
			}
		}
	}
}

func rows(ctx context.Context, s store.Store) iter.Seq2[store.Row, error] {
	return func(yield func(store.Row, error) bool) {
		list, err := rowsOf(ctx, s)
		if err != nil {
			yield(store.Row{}, err)
			return
		}
		for _, row := range list {
			if !yield(row, nil) {
				return
			}
		}
	}
}

// compareRows orders rows the same for all stores.
func compareRows(a, b store.Row) int {
	return cmp.Or(cmp.Compare(a.Table, b.Table), cmp.Compare(a.Key, b.Key))
}
