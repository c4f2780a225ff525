package store

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/meterd/meterd/internal/audit"
)

// tellings are requests with one thing special each.
var tellings = map[string]Request{
	"nothing": {},
	"guarded": {At: -1, Guarded: true, Call: []byte("entry"), Facts: []Fact{{}}},
	"batch": {
		At: 1_795_308_900_000, Call: []byte("entry"),
		Facts: []Fact{
			{Key: Key{Kind: 'L', Hour: 498_696, Scope: 1, Subject: 300, Party: 7, Dimension: 3}, Quantity: 5, Timestamp: 1_795_305_600_000},
			{Key: Key{Kind: 'L', Hour: 498_696, Scope: 1, Subject: 300, Party: 8, Dimension: 3}, Quantity: 6, Timestamp: 1_795_305_600_000},
			{Key: Key{Kind: 'L', Hour: 498_697, Scope: 1, Subject: 300, Party: 6, Dimension: 4}, Quantity: -7, Timestamp: 1_795_309_200_001, Detail: []byte("det")},
			{Key: Key{Kind: 'T', Tail: [16]byte{1, 15: 2}}, Timestamp: -1, Until: 1_795_308_900_000, Detail: []byte{0}},
			{Key: Key{Kind: 'L', Hour: 5, Scope: 1, Subject: 2}, Timestamp: 1_795_305_600_000},
		},
	},
	"extreme": {
		At: math.MinInt64, Call: bytes.Repeat([]byte("x"), 300),
		Facts: []Fact{
			{Key: Key{Kind: 'Z', Hour: math.MaxUint32, Scope: math.MaxUint32, Subject: math.MaxUint32, Party: math.MaxUint32, Dimension: math.MaxUint32}, Quantity: math.MinInt64, Timestamp: math.MaxInt64, Until: math.MaxInt64},
			{Key: Key{Kind: 'A'}, Quantity: math.MaxInt64, Timestamp: math.MinInt64, Until: math.MinInt64, Detail: make([]byte, 200)},
		},
	},
}

// callOf is the call that a request becomes.
func callOf(r Request, id CallID) Call {
	c := Call{ID: id, At: r.At, Guarded: r.Guarded, Entry: r.Call}
	for _, f := range r.Facts {
		f.Call = id
		c.Facts = append(c.Facts, f)
	}
	return c
}

func TestTellingsComeBack(t *testing.T) {
	for name, r := range tellings {
		c := Call{ID: 9, At: 5, Guarded: true, Facts: make([]Fact, 1, 9)} // What was read before it.
		told := AppendTold([]byte("before"), &r)[len("before"):]
		if err := ParseTold(told, &c); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		want := callOf(r, 9)
		if len(c.Entry) == 0 {
			c.Entry = want.Entry
		}
		if len(c.Facts) == 0 {
			c.Facts = nil
		}
		if !reflect.DeepEqual(c, want) {
			t.Errorf("%s came back as %+v, want %+v", name, c, want)
		}
	}
}

// TestBytesOfATelling pins the form that the chain covers. A change here is a
// new toldVersion, never a new expectation.
func TestBytesOfATelling(t *testing.T) {
	for name, want := range map[string]string{
		"nothing": "01 00 00 00 00",
		"guarded": "01 01 01 05 656e747279 01" +
			" 10 00 00 02",
		"batch": "01 00 c0bafe8bc068 05 656e747279 05" +
			" 15 4c 01 ac02 0e 03 0a bfea9203" +
			" 00 02 0c" +
			" 54 03 04 0d 82bab703 03 646574" +
			" 7f 54 00 00 00 0b 00 01000000000000000000000000000002 00 838aa38cc068 00 01 00" +
			" 13 4c 01 02 05 00 00 82d0eb88c068",
	} {
		r := tellings[name]
		got := hex.EncodeToString(AppendTold(nil, &r))
		if want = strings.ReplaceAll(want, " ", ""); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

// TestEachPartOfACallIsLinked changes one thing at a time.
func TestEachPartOfACallIsLinked(t *testing.T) {
	original := callOf(tellings["batch"], 9)
	links := map[audit.Hash]string{}
	for name, change := range map[string]func(*Call){
		"nothing":         func(*Call) {},
		"id":              func(c *Call) { c.ID++ },
		"shard":           func(c *Call) { c.ID = NewCallID(1, c.ID.Seq()) },
		"time":            func(c *Call) { c.At++ },
		"entry":           func(c *Call) { c.Entry = []byte("entrx") },
		"guard":           func(c *Call) { c.Guarded = true },
		"a fact less":     func(c *Call) { c.Facts = c.Facts[:4] },
		"order":           func(c *Call) { c.Facts[0], c.Facts[1] = c.Facts[1], c.Facts[0] },
		"kind":            func(c *Call) { c.Facts[1].Key.Kind = 'P' },
		"hour":            func(c *Call) { c.Facts[1].Key.Hour++ },
		"scope":           func(c *Call) { c.Facts[1].Key.Scope++ },
		"subject":         func(c *Call) { c.Facts[1].Key.Subject++ },
		"party":           func(c *Call) { c.Facts[1].Key.Party++ },
		"dimension":       func(c *Call) { c.Facts[1].Key.Dimension++ },
		"tail":            func(c *Call) { c.Facts[1].Key.Tail[15]++ },
		"quantity":        func(c *Call) { c.Facts[1].Quantity++ },
		"detail":          func(c *Call) { c.Facts[1].Detail = []byte{0} },
		"timestamp":       func(c *Call) { c.Facts[1].Timestamp++ },
		"until":           func(c *Call) { c.Facts[1].Until++ },
		"before":          nil,
		"timestamp, hour": func(c *Call) { c.Facts[1].Timestamp += hourMillis; c.Facts[1].Key.Hour++ },
	} {
		c, before := original, audit.Genesis
		c.Facts = append([]Fact(nil), original.Facts...)
		if change == nil {
			before[0]++
		} else {
			change(&c)
		}
		link := c.Link(before)
		if other, ok := links[link]; ok {
			t.Errorf("a change of %s and one of %s give the same link", name, other)
		}
		links[link] = name
	}
	derived := original
	derived.Outcomes, derived.Hash = []Outcome{Created}, audit.Hash{1}
	if derived.Link(audit.Genesis) != original.Link(audit.Genesis) {
		t.Error("the link covers what is known only afterwards")
	}
}

// TestFlippedBitsOfATelling: whatever is flipped is refused or reads as
// something else.
func TestFlippedBitsOfATelling(t *testing.T) {
	for name, r := range tellings {
		told := AppendTold(nil, &r)
		original := callOf(r, 9)
		link := original.Link(audit.Genesis)
		for bit := range 8 * len(told) {
			flipped := bytes.Clone(told)
			flipped[bit/8] ^= 1 << (bit % 8)
			c := Call{ID: 9}
			if err := ParseTold(flipped, &c); err == nil && c.Link(audit.Genesis) == link {
				t.Errorf("%s with bit %d flipped reads the same", name, bit)
			}
		}
	}
}

func TestCutTellingsAreRefused(t *testing.T) {
	for name, r := range tellings {
		told := AppendTold(nil, &r)
		for n := range told {
			if err := ParseTold(told[:n], new(Call)); !errors.Is(err, ErrTold) {
				t.Errorf("%s cut at %d: %v", name, n, err)
			}
		}
		if err := ParseTold(append(told, 0), new(Call)); !errors.Is(err, ErrTold) {
			t.Errorf("%s with a byte behind it: %v", name, err)
		}
	}
}

// FuzzParseTold: nothing panics, and what is read is written the same.
func FuzzParseTold(f *testing.F) {
	for _, r := range tellings {
		f.Add(AppendTold(nil, &r))
	}
	f.Add([]byte{toldVersion, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F})
	f.Fuzz(func(t *testing.T, told []byte) {
		var c Call
		if ParseTold(told, &c) != nil {
			return
		}
		r := Request{At: c.At, Guarded: c.Guarded, Call: c.Entry, Facts: c.Facts}
		if again := AppendTold(nil, &r); !bytes.Equal(again, told) {
			t.Errorf("%x was read and is written as %x", told, again)
		}
	})
}

func TestCallIDs(t *testing.T) {
	for _, c := range []struct {
		shard uint16
		seq   uint64
		id    CallID
	}{
		{0, 1, 1},
		{0, 1<<48 - 1, 1<<48 - 1},
		{1, 1, 1<<48 + 1},
		{65535, 2, 0xFFFF_0000_0000_0002},
	} {
		id := NewCallID(c.shard, c.seq)
		if id != c.id || id.Shard() != c.shard || id.Seq() != c.seq {
			t.Errorf("call %d of shard %d is %x, shard %d, number %d", c.seq, c.shard, uint64(id), id.Shard(), id.Seq())
		}
	}
}

// TestSizeOfATelling reports what a full batch takes in the log.
func TestSizeOfATelling(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	r := Request{At: 1_795_308_900_000}
	for range 25 {
		ts := 1_795_305_600_000 + rng.Int64N(hourMillis)/1000*1000
		r.Facts = append(r.Facts, Fact{
			Key:      Key{Kind: 'L', Hour: hourOf(ts), Scope: 1, Subject: 2, Party: NameID(rng.IntN(1e6)), Dimension: NameID(3 + rng.IntN(3))},
			Quantity: rng.Int64N(10_000), Timestamp: ts,
		})
	}
	perFact := float64(len(AppendTold(nil, &r))) / 25
	t.Logf("%.1f bytes per fact of a batch with other buyers, dimensions, seconds and quantities", perFact)
	if perFact > 13 {
		t.Errorf("%.1f bytes per fact", perFact)
	}
}
