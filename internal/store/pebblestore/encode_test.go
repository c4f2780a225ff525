package pebblestore

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/meterd/meterd/internal/audit"
	"github.com/meterd/meterd/internal/store"
)

var sampleFact = store.Fact{
	Key: store.Key{
		Kind: store.UsageByLicense, Hour: 0x01020304, Scope: 5, Subject: 6, Party: 0x07000000, Dimension: 8,
	},
	Quantity:  -3,
	Detail:    []byte("det"),
	Timestamp: 0x01020304*hourMillis + 300,
	Until:     1,
	Call:      200,
}

// TestBytesOnDisk pins the format: ledgers written so must be read for ever. A
// change here is a new valueFormat or formatVersion, never a new expectation.
func TestBytesOnDisk(t *testing.T) {
	tailed := sampleFact.Key
	tailed.Tail = [16]byte{0: 0xAA, 15: 0xBB}
	for name, c := range map[string]struct {
		got  []byte
		want string
	}{
		"fact key":   {appendFactKey(nil, sampleFact.Key), "4c 01020304 00000005 00000006 07000000 00000008"},
		"tailed key": {appendFactKey(nil, tailed), "4c 01020304 00000005 00000006 07000000 00000008 aa0000000000000000000000000000bb"},
		"fact":       {appendFact(nil, &sampleFact), "01 c801 05 d804 02 646574"},
		"call key":   {appendCallKey(nil, 258), "63 0000000000000102"},
		"call":       {sampleCall(), "01 ab" + strings.Repeat(" 00", 31) + " 02 0102 0401 746f6c64"},
		"name key":   {appendNameKey(nil, 258), "6e 00000102"},
		"head":       {appendHead(nil, store.Head{Call: 200, Hash: audit.Hash{0xAB}}), "01 c801 ab" + strings.Repeat(" 00", 31)},
		"row prefix": {appendTableKey(nil, "keys"), "72 04 6b657973"},
		"row":        {appendRow(nil, 300, []byte("v")), "01 ac02 76"},
		"format key": {formatKey, "6d 666f726d6174"},
		"mark key":   {indexedKey, "6d 696e6465786564"},
	} {
		want, err := hex.DecodeString(string(bytes.ReplaceAll([]byte(c.want), []byte(" "), nil)))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(c.got, want) {
			t.Errorf("%s: %x, want %x", name, c.got, want)
		}
	}
}

// appendFact appends a fact's value.
func appendFact(b []byte, f *store.Fact) []byte {
	return appendFactValue(b, f.Call, appendRest(nil, f))
}

func TestFactsAndCallsComeBack(t *testing.T) {
	f, err := decodeWholeFact(appendFactKey(nil, sampleFact.Key), appendFact(nil, &sampleFact))
	if err != nil || !reflect.DeepEqual(f, sampleFact) {
		t.Errorf("decoded %+v (%v), want %+v", f, err, sampleFact)
	}
	told := sampleFact
	told.Call = 9
	call := store.Call{
		ID: 9, At: -1, Entry: []byte("entry"), Guarded: true, Facts: []store.Fact{told, told, told},
		Outcomes: []store.Outcome{store.Same, store.Same, store.Faulted}, Hash: audit.Hash{5, 31: 6},
	}
	c, err := decodeCall(appendCallKey(nil, call.ID), appendCall(nil, call.Hash, []store.Decision{
		{Outcome: store.Same}, {Outcome: store.Same}, {Outcome: store.Faulted},
	}, store.AppendTold(nil, &store.Request{At: call.At, Call: call.Entry, Guarded: true, Facts: call.Facts})))
	if err != nil || !reflect.DeepEqual(c, call) {
		t.Errorf("decoded %+v (%v), want %+v", c, err, call)
	}
}

// sampleCall is a call's value whose telling is the word told.
func sampleCall() []byte {
	return appendCall(nil, audit.Hash{0xAB}, []store.Decision{
		{Outcome: store.Created}, {Outcome: store.Created}, {Outcome: store.Skipped},
	}, []byte("told"))
}

// TestFlippedBitsOfACall: whatever is flipped is refused when it is read, or
// breaks the chain, or tells of outcomes that do not follow from what was told.
func TestFlippedBitsOfACall(t *testing.T) {
	r := &store.Request{At: testNow, Call: []byte("entry"), Facts: []store.Fact{sampleFact, sampleFact, testFact(1)}}
	told := store.AppendTold(nil, r)
	hash := audit.Link(audit.Genesis, 1, audit.DigestOf(told))
	created := []store.Outcome{store.Created, store.Same, store.Created}
	key := appendCallKey(nil, 1)
	value := appendCall(nil, hash, []store.Decision{{Outcome: created[0]}, {Outcome: created[1]}, {Outcome: created[2]}}, told)
	for bit := range 8 * (len(key) + len(value)) {
		key, value := bytes.Clone(key), bytes.Clone(value)
		if at := bit / 8; at < len(key) {
			key[at] ^= 1 << (bit % 8)
		} else {
			value[at-len(key)] ^= 1 << (bit % 8)
		}
		if bit < 8 {
			continue // That is no call's key any more.
		}
		c, err := decodeCall(key, value)
		if err == nil && c.Hash == c.Link(audit.Genesis) && slices.Equal(c.Outcomes, created) {
			t.Errorf("a call with bit %d flipped is not noticed", bit)
		}
		if err != nil && !errors.Is(err, errDamaged) {
			t.Errorf("a call with bit %d flipped: %v", bit, err)
		}
	}
}

func TestOrderOfBytesIsOrderOfKeys(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	word := func() uint32 { return rng.Uint32() >> (8 * rng.IntN(5)) }
	keys := make([]store.Key, 400)
	for i := range keys {
		keys[i] = store.Key{
			Kind:      store.UsageKinds[rng.IntN(3)],
			Hour:      store.Hour(rng.IntN(3) * 255),
			Scope:     store.NameID(rng.IntN(2)),
			Subject:   store.NameID(rng.IntN(2)),
			Party:     store.NameID(word()),
			Dimension: store.NameID(word()),
		}
		keys[i].Tail[rng.IntN(16)] = byte(rng.IntN(2))
	}
	slices.SortFunc(keys, store.Key.Compare)
	for i, k := range keys {
		b := appendFactKey(nil, k)
		if got, err := decodeFactKey(b); err != nil || got != k {
			t.Errorf("decoded %+v (%v), want %+v", got, err, k)
		}
		if i > 0 && bytes.Compare(appendFactKey(nil, keys[i-1]), b) > 0 {
			t.Errorf("%+v sorts behind %+v", keys[i-1], k)
		}
	}
}

func TestFirstKeyBehindAPrefix(t *testing.T) {
	for prefix, want := range map[string]string{"a": "b", "a\x00": "a\x01", "a\xff": "b", "a\xff\xff": "b", "r\x01\xff": "r\x02"} {
		if got := after([]byte(prefix)); string(got) != want {
			t.Errorf("after(%q) = %q, want %q", prefix, got, want)
		}
	}
}

// FuzzDecode: damaged entries are errors. What decodes encodes to an entry that
// decodes to the same.
func FuzzDecode(f *testing.F) {
	f.Add(appendFactKey(nil, sampleFact.Key), appendFact(nil, &sampleFact))
	f.Add(appendCallKey(nil, 1), appendCall(nil, audit.Hash{}, nil, store.AppendTold(nil, &store.Request{})))
	f.Add(appendCallKey(nil, 1), sampleCall())
	f.Add(appendNameKey(nil, 1), appendRow(nil, 1, nil))
	f.Add([]byte{}, []byte{valueFormat + 1, 1, 1, 1, 1})
	f.Add([]byte{'c'}, []byte{valueFormat, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1})
	f.Fuzz(func(t *testing.T, key, value []byte) {
		if fact, err := decodeWholeFact(key, value); err == nil {
			again, err := decodeWholeFact(appendFactKey(nil, fact.Key), appendFact(nil, &fact))
			if err != nil || !reflect.DeepEqual(fact, again) {
				t.Errorf("%+v became %+v (%v)", fact, again, err)
			}
		}
		if call, err := decodeCall(key, value); err == nil && len(call.Outcomes) > len(value) {
			t.Errorf("%d outcomes in %d bytes", len(call.Outcomes), len(value))
		}
		if version, rest, err := decodeRow(value); err == nil && len(rest) >= len(value) {
			t.Errorf("version %d, %d of %d bytes left", version, len(rest), len(value))
		}
	})
}
