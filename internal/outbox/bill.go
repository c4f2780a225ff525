package outbox

import (
	"cmp"
	"slices"
	"strings"

	"github.com/meterd/meterd/internal/metering"
)

// share is the part of an amount with one set of tags.
type share struct {
	tags   tagSet
	amount int64
}

// dues are what an hour of a key is frozen from.
type dues struct {
	// shares are not zero, and their tags differ.
	shares []share
	// credit and included are set against the shares, in this order.
	credit, included int64
	per              int64
}

// bill is what an hour comes to.
type bill struct {
	// taken are in billed units and make up one record; rest, in told units,
	// is for a later hour. No share is in both as a whole, but one can be split.
	taken, rest []share
	quantity    int64
	// credit is what remains, included what was used.
	credit, included int64
}

// settle makes a bill. The money comes first: credit is set against any usage of
// the key, whatever its tags. Where a record cannot hold everything, the largest
// shares go first; so what is carried grows until its turn comes, and nothing
// is carried for ever.
func (d dues) settle() (bill, error) {
	b := bill{credit: d.credit}
	var due []share
	for _, s := range d.shares {
		if s.amount < 0 {
			b.credit -= s.amount
		} else {
			due = append(due, s)
		}
	}
	slices.SortFunc(due, func(x, y share) int {
		return cmp.Or(cmp.Compare(y.amount, x.amount), strings.Compare(string(x.tags), string(y.tags)))
	})
	b.credit = deduct(due, b.credit)
	b.included = d.included - deduct(due, d.included)
	var space space
	for _, s := range due {
		tags, err := s.tags.tags()
		if err != nil {
			return bill{}, err
		}
		units := min(s.amount/d.per, QuantityMax-b.quantity)
		if units > 0 && space.take(tags) {
			b.taken = append(b.taken, share{s.tags, units})
			b.quantity += units
			s.amount -= units * d.per
		}
		if s.amount > 0 {
			b.rest = append(b.rest, s)
		}
	}
	slices.SortFunc(b.taken, func(x, y share) int { return strings.Compare(string(x.tags), string(y.tags)) })
	return b, nil
}

// deduct takes an amount from the shares, one after the other, and returns what
// is left of it.
func deduct(due []share, amount int64) int64 {
	for i := range due {
		part := min(due[i].amount, amount)
		due[i].amount -= part
		amount -= part
	}
	return amount
}

// space is what the allocations of a record have used up of what it can hold.
type space struct {
	count, bytes int
	keys         []string
}

// take reports whether an allocation with these tags still fits, and counts it.
func (s *space) take(tags []metering.Tag) bool {
	bytes, keys := s.bytes+jsonBytes(tags), slices.Clip(s.keys)
	for _, tag := range tags {
		if !slices.Contains(keys, tag.Key) {
			keys = append(keys, tag.Key)
		}
	}
	if s.count == AllocationsMax || len(keys) > tagKeysMax || bytes > allocationBytesMax {
		return false
	}
	s.count, s.bytes, s.keys = s.count+1, bytes, keys
	return true
}

// jsonBytes is at least the size of an allocation in JSON, in which some
// characters of tags take up to six bytes.
func jsonBytes(tags []metering.Tag) int {
	n := len(`{"AllocatedUsageQuantity":2147483647,"Tags":[]},`)
	for _, tag := range tags {
		n += len(`{"Key":"","Value":""},`)
		for _, text := range []string{tag.Key, tag.Value} {
			n += len(text) + 5*(len(text)-len(strings.Map(keepPlain, text)))
		}
	}
	return n
}

// keepPlain drops the characters that an encoder may escape.
func keepPlain(r rune) rune {
	if strings.ContainsRune(`"&'<>\`, r) {
		return -1
	}
	return r
}

// allocations are what a record says of its shares: nothing if none has tags.
func allocations(taken []share) ([]metering.Allocation, error) {
	if !slices.ContainsFunc(taken, func(s share) bool { return s.tags != "" }) {
		return nil, nil
	}
	list := make([]metering.Allocation, len(taken))
	for i, s := range taken {
		tags, err := s.tags.tags()
		if err != nil {
			return nil, err
		}
		list[i] = metering.Allocation{Quantity: s.amount, Tags: tags}
	}
	return list, nil
}
