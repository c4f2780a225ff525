package outbox

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/meterd/meterd/internal/metering"
)

// appendFrozen appends what of a record never changes. The key and hour stand in
// its key.
func appendFrozen(b []byte, r *Record) []byte {
	n := &r.Note
	b = binary.AppendVarint(append(b, valueFormat), r.Timestamp.Unix())
	b = appendTime(appendTime(b, r.Deadline), r.FrozenAt)
	b = appendInts(b, r.Quantity, n.Per, n.Events, n.Told, n.LateEvents, n.LateTold,
		n.CarriedIn, n.CarriedOut, n.CreditIn, n.CreditOut, n.Included)
	return metering.AppendCanonical(b, r.Allocations)
}

// decodeFrozen gives a pending record without its id and key.
func decodeFrozen(value []byte) (Record, error) {
	reader := newReader(value)
	r := Record{Timestamp: time.Unix(reader.int(), 0).UTC(), Deadline: reader.time(), FrozenAt: reader.time()}
	n := &r.Note
	reader.ints(&r.Quantity, &n.Per, &n.Events, &n.Told, &n.LateEvents, &n.LateTold,
		&n.CarriedIn, &n.CarriedOut, &n.CreditIn, &n.CreditOut, &n.Included)
	if reader.err != nil {
		return Record{}, reader.err
	}
	var ok bool
	if r.Allocations, ok = metering.ParseCanonical(reader.rest); !ok {
		return Record{}, fmt.Errorf("allocations of a record: %w", errDamaged)
	}
	r.Fate.State = Pending
	return r, nil
}

func appendFate(b []byte, f *Fate) []byte {
	b = append(b, valueFormat, stateNumber(f.State))
	b = binary.AppendUvarint(b, uint64(f.Attempts))
	b = appendTime(appendTime(b, f.LastSent), f.SettledAt)
	b = appendText(b, f.MeteringRecordID)
	b = appendText(b, f.Status)
	b = appendText(b, f.Cause)
	return appendText(b, f.Detail)
}

func stateNumber(s State) byte {
	for i, state := range states {
		if s == state {
			return byte(i)
		}
	}
	return byte(len(states)) // unreachable unless a State was made up; it is read as damage
}

func decodeFate(value []byte) (Fate, error) {
	r := newReader(value)
	state := r.uvarint()
	if state >= uint64(len(states)) {
		return Fate{}, fmt.Errorf("state %d: %w", state, errDamaged)
	}
	f := Fate{
		State:            states[state],
		Attempts:         int(r.uvarint()),
		LastSent:         r.time(),
		SettledAt:        r.time(),
		MeteringRecordID: r.text(),
		Status:           metering.Status(r.text()),
		Cause:            Cause(r.text()),
		Detail:           r.text(),
	}
	return f, r.end()
}

func appendAccount(b []byte, a *account) []byte {
	b = append(b, valueFormat)
	for _, t := range []*Totals{&a.frozen, &a.gone} {
		b = appendInts(b, t.Events, t.Told, t.Open, t.Credit, t.Included, t.Pending, t.Done, t.Dead, t.Discarded)
	}
	b = appendInts(b, a.unclaimed.Events, a.unclaimed.Told, a.gross, a.counts.pending, a.counts.dead, int64(a.last), a.month, a.used)
	return appendTime(b, a.closedAt)
}

// decodeInto reads an account's row into a new account.
func (a *account) decodeInto(value []byte) error {
	r := newReader(value)
	for _, t := range []*Totals{&a.frozen, &a.gone} {
		r.ints(&t.Events, &t.Told, &t.Open, &t.Credit, &t.Included, &t.Pending, &t.Done, &t.Dead, &t.Discarded)
	}
	var last int64
	r.ints(&a.unclaimed.Events, &a.unclaimed.Told, &a.gross, &a.counts.pending, &a.counts.dead, &last, &a.month, &a.used)
	a.last, a.closedAt = Hour(last), r.time()
	return r.end()
}

func appendHead(b []byte, h *head) []byte {
	b = appendInts(append(b, valueFormat), h.Events, h.Told, h.LateEvents, h.LateTold, h.CarriedIn, h.gross, h.plain)
	b = binary.AppendUvarint(b, uint64(h.latest))
	if h.wanted {
		return append(b, 1)
	}
	return append(b, 0)
}

func decodeHead(value []byte) (head, error) {
	r := newReader(value)
	var h head
	r.ints(&h.Events, &h.Told, &h.LateEvents, &h.LateTold, &h.CarriedIn, &h.gross, &h.plain)
	h.latest, h.wanted = second(min(r.uvarint(), secondMax)), r.uvarint() == 1
	return h, r.end()
}

func appendSum(b []byte, amount int64) []byte { return appendInts(append(b, valueFormat), amount) }

func decodeSum(value []byte) (int64, error) {
	r := newReader(value)
	amount := r.int()
	return amount, r.end()
}

// appendAddition appends to the value of a log entry, which holds any number.
func appendAddition(b []byte, a *addition) []byte {
	b = binary.AppendUvarint(append(b, byte(a.kind)), uint64(a.key))
	b = binary.AppendUvarint(b, uint64(a.hour))
	b = binary.AppendUvarint(b, uint64(a.at))
	b = binary.AppendVarint(b, a.quantity)
	return appendText(b, a.tags)
}

func (r *reader) addition() (addition, error) {
	a := addition{
		kind:     additionKind(r.uvarint()),
		key:      keyID(r.uvarint()),
		hour:     Hour(r.uvarint()),
		at:       second(min(r.uvarint(), secondMax)),
		quantity: r.int(),
		tags:     tagSet(r.text()),
	}
	if r.err == nil && (a.kind < told || a.kind > wanted) {
		return addition{}, fmt.Errorf("addition of the unknown kind %d: %w", a.kind, errDamaged)
	}
	return a, r.err
}

// claim is what an event's id was claimed with.
type claim struct {
	key      keyID
	quantity int64
	tags     uint32
}

// claimOf reduces the tags to a hash: that two events under one id differ in
// their tags alone is worth telling, not worth keeping all tags for.
func claimOf(key keyID, quantity int64, tags tagSet) claim {
	c := claim{key: key, quantity: quantity}
	if tags != "" {
		c.tags = hash32(string(tags))
	}
	return c
}

// hash32 is FNV-1a, the same in every process.
func hash32(text string) uint32 {
	h := uint32(2166136261)
	for i := range len(text) {
		h = (h ^ uint32(text[i])) * 16777619
	}
	return h
}

func appendClaim(b []byte, c claim) []byte {
	b = binary.AppendUvarint(append(b, valueFormat), uint64(c.key))
	b = binary.AppendVarint(b, c.quantity)
	return binary.AppendUvarint(b, uint64(c.tags))
}

func decodeClaim(value []byte) (claim, error) {
	r := newReader(value)
	c := claim{key: keyID(r.uvarint()), quantity: r.int(), tags: uint32(r.uvarint())}
	return c, r.end()
}
