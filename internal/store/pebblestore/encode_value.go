package pebblestore

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/meterd/meterd/internal/audit"
	"github.com/meterd/meterd/internal/store"
)

// Values begin with their format, so that a later one can stand beside it.
const valueFormat = 1

// hourMillis are the milliseconds of an hour.
const hourMillis = 3_600_000

// appendFactValue appends a fact's value: format, call, and the rest.
func appendFactValue(b []byte, call store.CallID, rest []byte) []byte {
	b = binary.AppendUvarint(append(b, valueFormat), uint64(call))
	return append(b, rest...)
}

// appendRest appends what of a fact is known before its call has a number:
// quantity, timestamp as what it has more than the key's hour, until, and the
// detail to the end.
func appendRest(b []byte, f *store.Fact) []byte {
	b = binary.AppendVarint(b, f.Quantity)
	b = binary.AppendVarint(b, f.Timestamp-int64(f.Key.Hour)*hourMillis)
	b = binary.AppendVarint(b, f.Until)
	return append(b, f.Detail...)
}

// decodeFact decodes the value at a key; the detail lies in it.
func decodeFact(k store.Key, value []byte) (store.Fact, error) {
	r := newReader(value)
	call := store.CallID(r.uvarint())
	if r.err != nil {
		return store.Fact{}, r.err
	}
	return decodeRest(k, call, r.rest)
}

// decodeRest decodes what appendRest appended; the detail lies in it.
func decodeRest(k store.Key, call store.CallID, rest []byte) (store.Fact, error) {
	r := reader{rest: rest}
	f := store.Fact{Key: k, Call: call, Quantity: r.varint()}
	f.Timestamp = r.varint() + int64(k.Hour)*hourMillis
	f.Until = r.varint()
	f.Detail = r.rest
	return f, r.err
}

// appendCall appends a call's value: format, hash, the outcomes as runs of equal
// ones (their number, and of each a byte and a uvarint length), and what was told
// (store.AppendTold) to the end.
func appendCall(b []byte, hash audit.Hash, decisions []store.Decision, told []byte) []byte {
	b = append(append(b, valueFormat), hash[:]...)
	runs := 0
	for i := range decisions {
		if i == 0 || decisions[i].Outcome != decisions[i-1].Outcome {
			runs++
		}
	}
	b = binary.AppendUvarint(b, uint64(runs))
	for i := 0; i < len(decisions); {
		run := i
		for i < len(decisions) && decisions[i].Outcome == decisions[run].Outcome {
			i++
		}
		b = append(b, byte(decisions[run].Outcome))
		b = binary.AppendUvarint(b, uint64(i-run))
	}
	return append(b, told...)
}

// decodeCall copies what it decodes.
func decodeCall(key, value []byte) (store.Call, error) {
	var c store.Call
	err := parseCall(key, bytes.Clone(value), &c)
	return c, err
}

// parseCall decodes into c, whose slices it uses again; what c then holds lies
// in value.
func parseCall(key, value []byte, c *store.Call) (err error) {
	if c.ID, err = decodeCallKey(key); err != nil {
		return err
	}
	r := newReader(value)
	copy(c.Hash[:], r.bytes(uint64(len(c.Hash))))
	c.Outcomes = r.outcomes(c.Outcomes[:0])
	if r.err != nil {
		return fmt.Errorf("call %d: %w", c.ID, r.err)
	}
	if err := store.ParseTold(r.rest, c); err != nil {
		return fmt.Errorf("call %d: %w: %w", c.ID, errDamaged, err)
	}
	if len(c.Outcomes) != len(c.Facts) {
		return fmt.Errorf("call %d: %d outcomes of %d facts: %w", c.ID, len(c.Outcomes), len(c.Facts), errDamaged)
	}
	return nil
}

// outcomes appends runs of outcomes.
func (r *reader) outcomes(all []store.Outcome) []store.Outcome {
	for range r.uvarint() {
		outcome, n := r.bytes(1), r.uvarint()
		// A fact takes three bytes of what follows.
		if r.err == nil && (n == 0 || n > uint64(len(r.rest)) || outcome[0] < byte(store.Created) || outcome[0] > byte(store.Faulted)) {
			r.err = fmt.Errorf("%d outcomes %d: %w", n, outcome[0], errDamaged)
		}
		if r.err != nil {
			return nil
		}
		for range n {
			all = append(all, store.Outcome(outcome[0]))
		}
	}
	return all
}

// appendHead appends a call's id and hash, as they stand at indexedKey.
func appendHead(b []byte, h store.Head) []byte {
	b = binary.AppendUvarint(append(b, valueFormat), uint64(h.Call))
	return append(b, h.Hash[:]...)
}

func decodeHead(value []byte) (store.Head, error) {
	r := newReader(value)
	h := store.Head{Call: store.CallID(r.uvarint())}
	copy(h.Hash[:], r.bytes(uint64(len(h.Hash))))
	return h, r.err
}

// appendRow appends a row's value: format, version, and the value to the end.
func appendRow(b []byte, version uint64, value []byte) []byte {
	return append(binary.AppendUvarint(append(b, valueFormat), version), value...)
}

// decodeRow gives the version and the value, which lies in b.
func decodeRow(b []byte) (version uint64, value []byte, err error) {
	r := newReader(b)
	version = r.uvarint()
	return version, r.rest, r.err
}
