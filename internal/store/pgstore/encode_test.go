package pgstore

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/meterd/meterd/internal/store"
	"github.com/meterd/meterd/internal/store/pgstore/pgtest"
)

func TestKeysOrderAsTheContractDoes(t *testing.T) {
	var keys []store.Key
	for _, n := range []uint32{0, 1, 255, 256, 1<<31 - 1, 1 << 31, 1<<32 - 1} {
		for field := range 7 {
			k := store.Key{Kind: 'M', Hour: 1, Scope: 1, Subject: 1, Party: 1, Dimension: 1}
			switch field {
			case 0:
				k.Hour = store.Hour(n)
			case 1:
				k.Scope = store.NameID(n)
			case 2:
				k.Subject = store.NameID(n)
			case 3:
				k.Party = store.NameID(n)
			case 4:
				k.Dimension = store.NameID(n)
			case 5:
				k.Tail[n%16] = 1
			case 6:
				k.Kind = store.Kind('A' + n%26)
			}
			keys = append(keys, k)
		}
	}
	for _, k := range keys {
		got, err := parseKey(appendKey(nil, k))
		if err != nil || got != k {
			t.Errorf("%+v came back as %+v (%v)", k, got, err)
		}
		for _, l := range keys {
			if want, got := k.Compare(l), bytes.Compare(appendKey(nil, k), appendKey(nil, l)); got != want {
				t.Errorf("%+v and %+v compare as %d, their bytes as %d", k, l, want, got)
			}
		}
	}
	for _, n := range []int{0, keyLen - 1, keyLen + 1, keyLen + tailLen - 1, keyLen + tailLen + 1} {
		if _, err := parseKey(make([]byte, n)); !errors.Is(err, errDamaged) {
			t.Errorf("a key of %d bytes: %v", n, err)
		}
	}
}

// TestArraysAreThoseOfTheProtocol compares them with what pgx makes.
func TestArraysAreThoseOfTheProtocol(t *testing.T) {
	texts := [][]byte{[]byte("a"), {}, bytes.Repeat([]byte{0xFF, 0}, 500), nil}
	numbers := []pgtype.Int8{{Int64: 1, Valid: true}, {}, {Int64: -1 << 63, Valid: true}}
	var a, b array
	a.reset(oidBytea)
	for _, text := range texts {
		if text == nil {
			a.addNull()
		} else {
			a.addBytes(text)
		}
	}
	b.reset(oidInt8)
	for _, n := range numbers {
		if n.Valid {
			b.addInt(n.Int64)
		} else {
			b.addNull()
		}
	}
	types := pgtype.NewMap()
	for _, c := range []struct {
		oid   uint32
		value any
		got   []byte
	}{{pgtype.ByteaArrayOID, texts, a.value()}, {pgtype.Int8ArrayOID, numbers, b.value()}} {
		want, err := types.Encode(c.oid, pgx.BinaryFormatCode, c.value, nil)
		if err != nil || !bytes.Equal(c.got, want) {
			t.Errorf("%v became %x, want %x (%v)", c.value, c.got, want, err)
		}
	}
	// An array is used again, also empty.
	b.reset(oidInt8)
	var none []int64
	if err := types.Scan(pgtype.Int8ArrayOID, pgx.BinaryFormatCode, slices.Clone(b.value()), &none); err != nil || len(none) != 0 {
		t.Errorf("an empty array became %v (%v)", none, err)
	}
}

// TestDamagedRowsAreNamed: what cannot be read as it was written is an error that
// names the call or the fact.
func TestDamagedRowsAreNamed(t *testing.T) {
	for name, c := range map[string]struct{ damage, named string }{
		"telling":  {"UPDATE meterd.calls SET told = set_byte(told, 0, 99) WHERE id = 2", "call 2 of shard 0"},
		"outcomes": {"UPDATE meterd.calls SET outcomes = '' WHERE id = 2", "call 2 of shard 0"},
		"hash":     {"UPDATE meterd.calls SET hash = '' WHERE id = 2", "call 2"},
		"key":      {"UPDATE meterd.facts SET key = substring(key FOR 20) WHERE quantity = 2", "fact key of 20 bytes"},
	} {
		url := pgtest.Database(t)
		s := mustOpen(t, url, Config{})
		for i := range 3 {
			commit(t, s, request(testFact(i+1)))
		}
		execSQL(t, url, c.damage)
		var err error
		for _, e := range s.ScanCalls(t.Context(), 0) {
			err = errors.Join(err, e)
		}
		for _, e := range s.Scan(t.Context(), store.Range{Kind: store.UsageByLicense, ToHour: ^store.Hour(0)}) {
			err = errors.Join(err, e)
		}
		if err == nil || !bytes.Contains([]byte(err.Error()), []byte(c.named)) {
			t.Errorf("%s: %v, want something of %q", name, err, c.named)
		}
	}
}

// TestScanReadsPages: more facts and calls than one page holds.
func TestScanReadsPages(t *testing.T) {
	s := mustOpen(t, pgtest.Database(t), Config{})
	const facts, calls = 2*factsPage + 3, 2*callsPage + 1
	r := request()
	for i := range facts {
		r.Facts = append(r.Facts, testFact(i))
	}
	commit(t, s, r)
	for range calls - 1 {
		commit(t, s, request())
	}
	if l := read(t, s); len(l.facts) != facts || len(l.calls) != calls {
		t.Errorf("%d facts and %d calls, want %d and %d", len(l.facts), len(l.calls), facts, calls)
	}
}
