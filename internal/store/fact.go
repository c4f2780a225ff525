package store

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
)

// Fact is something that was told once: its key says about what, Quantity and
// Detail say what. Whoever tells the same key again with the same Quantity and
// Detail repeats the fact; with others, contradicts it.
type Fact struct {
	Key Key
	// Quantity is compared.
	Quantity int64
	// Detail is compared byte by byte: a usage's allocations in canonical
	// form, a client token's digest of the request. May be empty.
	Detail []byte
	// Timestamp is the time as told, in Unix milliseconds. It is remembered
	// and not compared.
	Timestamp int64
	// Until is the Unix millisecond from which on the fact no longer stands,
	// so that it can be told anew; 0 means that it stands for good.
	Until int64
	// Call is the call that told the fact; the store sets it and does not
	// read it.
	Call CallID
}

// StandsAt reports whether the fact still stands at a Unix millisecond.
func (f *Fact) StandsAt(ms int64) bool { return f.Until == 0 || ms < f.Until }

// Kind separates facts of different meaning. It is the first part of a key. A
// kind is a capital letter: stores keep their own tables beside the facts under
// other bytes.
type Kind byte

const (
	// UsageByLicense is metered on a licence: subject is the LicenseArn.
	UsageByLicense Kind = 'L'
	// UsageByProduct is metered on a product: subject is the ProductCode.
	UsageByProduct Kind = 'P'
	// UsageByResource is metered by an instance, task, pod or runtime:
	// subject is the ProductCode, party the resource.
	UsageByResource Kind = 'R'
	// ClientToken is a token of MeterUsage: tail is its digest.
	ClientToken Kind = 'T'
	// Registration is the first successful call of a container for a product.
	Registration Kind = 'G'
)

// UsageKinds are the kinds that are usage records.
var UsageKinds = [...]Kind{UsageByLicense, UsageByProduct, UsageByResource}

// IsUsage reports whether facts of the kind are usage records.
func (k Kind) IsUsage() bool { return slices.Contains(UsageKinds[:], k) }

// Check refuses a kind that is no capital letter.
func (k Kind) Check() error {
	if k < 'A' || k > 'Z' {
		return fmt.Errorf("kind %q is not a capital letter", byte(k))
	}
	return nil
}

// Hour counts hours since 1970-01-01T00:00:00Z.
type Hour uint32

// NameID stands for a name (see Store.Intern); 0 stands for none.
type NameID uint32

// Key says what a fact is about. Keys order by their fields from first to last,
// so that an hour is one range of each kind.
type Key struct {
	Kind Kind
	// Hour is 0 for facts that belong to no hour.
	Hour Hour
	// Scope is where the key counts: seller and region.
	Scope NameID
	// Subject is what is metered: product or licence.
	Subject NameID
	// Party is who used it: buyer or resource.
	Party     NameID
	Dimension NameID
	// Tail tells apart facts that agree in all else; mostly zero.
	Tail [16]byte
}

// Compare orders keys.
func (k Key) Compare(l Key) int {
	return cmp.Or(
		cmp.Compare(k.Kind, l.Kind),
		cmp.Compare(k.Hour, l.Hour),
		cmp.Compare(k.Scope, l.Scope),
		cmp.Compare(k.Subject, l.Subject),
		cmp.Compare(k.Party, l.Party),
		cmp.Compare(k.Dimension, l.Dimension),
		bytes.Compare(k.Tail[:], l.Tail[:]),
	)
}

// Range selects facts of one kind with FromHour <= Hour < ToHour, after a key.
// The zero After starts at the first.
type Range struct {
	Kind     Kind
	FromHour Hour
	ToHour   Hour
	After    Key
}
