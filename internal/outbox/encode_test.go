package outbox

import (
	"bytes"
	"encoding/hex"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meterd/meterd/internal/metering"
)

// whole is a record in which every field has a value of its own.
var whole = Record{
	ID: RecordID{498706, 3}, Timestamp: noon, Deadline: noon.Add(day + 1), Quantity: 17, FrozenAt: noon.Add(123456789),
	Allocations: []metering.Allocation{{Quantity: 2}, {Quantity: 15, Tags: []metering.Tag{{Key: "a", Value: "b"}, {Key: "c", Value: "d"}}}},
	Note:        Note{1, 2, 3, -4, 5, 6, 7, 8, 9, 10},
	Fate:        Fate{Dead, 3, noon.Add(1), noon.Add(2), "id", metering.DuplicateRecord, "cause", "detail"},
}

func TestRowsKeepEverything(t *testing.T) {
	r, err := decodeFrozen(appendFrozen(nil, &whole))
	if err != nil {
		t.Fatal(err)
	}
	r.ID = whole.ID
	if r.Fate, err = decodeFate(appendFate(nil, &whole.Fate)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(whole, r, cmp.AllowUnexported(RecordID{})); diff != "" {
		t.Error(diff)
	}

	a := account{
		frozen: Totals{1, 2, 3, 4, 5, 6, 7, 8, 9}, counts: counts{10, 11}, gross: 12,
		gone: Totals{13, 14, 15, 16, 17, 18, 19, 20, 21}, unclaimed: Totals{Events: 22, Told: -23},
		last: 24, month: 25, used: 26, closedAt: noon,
	}
	var again account
	if err := again.decodeInto(appendAccount(nil, &a)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(a, again, cmp.AllowUnexported(account{}, counts{})); diff != "" {
		t.Error(diff)
	}

	h := head{1, 2, 3, -4, 5, 6, -7, 3599, true}
	if got, err := decodeHead(appendHead(nil, &h)); err != nil || got != h {
		t.Errorf("%+v (%v), want %+v", got, err, h)
	}
	k := Key{"p", Customer{"i", "a", "l"}, "d"}
	if got, err := decodeKeyNames(appendKeyNames(nil, &k)); err != nil || got != k {
		t.Errorf("%+v (%v), want %+v", got, err, k)
	}
	act := Act{noon, Carry, RecordID{1, 2}, Key{}, -3, "who", "why", 4}
	if got, err := decodeAct(appendAct(nil, &act)); err != nil || got != act {
		t.Errorf("%+v (%v), want %+v", got, err, act)
	}
}

// TestRowsOfEarlierVersions: a directory is opened by every later version, so
// these bytes must be read for ever.
func TestRowsOfEarlierVersions(t *testing.T) {
	claimed, adding := claimOf(3, -5, set("k", "v")), addition{carried, 3, 498706, 3599, -7, set("k", "v")}
	for name, row := range map[string]struct {
		got  []byte
		want string
	}{
		"record":   {appendFrozen(nil, &whole), "0180e596b00d8280dc93a8b3d5ea31aab4c2f4968eaeea312214020406070a0c0e101202000f080161016201630164"},
		"fate":     {appendFate(nil, &whole.Fate), "0102038280e4fe958eaeea318480e4fe958eaeea310269640f4475706c69636174655265636f72640563617573650664657461696c"},
		"claim":    {appendClaim(nil, claimed), "010309d2bae178"},
		"addition": {appendAddition(nil, &adding), "030392b81e8f1c0d060004016b0176"},
		"head":     {appendHead(nil, &head{1, 2, 3, -4, 5, 6, -7, 3599, true}), "01020406070a0c0d8f1c01"},
		"account":  {appendAccount(nil, &account{gross: 5, last: 498706, closedAt: noon}), "0100000000000000000000000000000000000000000a0000a4f03c00008080e4fe958eaeea31"},
		"key":      {appendKeyNames(nil, &firstKey), "010b70726f642d616263313233000c30303030303030303030303100057573657273"},
	} {
		if got := hex.EncodeToString(row.got); got != row.want {
			t.Errorf("a %s is %s now", name, got)
		}
	}
}

func TestKeysAreInOrder(t *testing.T) {
	ordered := [][]byte{
		appendQueueKey(nil, noon, RecordID{2, 2}),
		appendQueueKey(nil, noon, RecordID{2, 3}),
		appendQueueKey(nil, noon, RecordID{3, 1}),
		appendQueueKey(nil, noon.Add(1), RecordID{1, 1}),
		appendRecordKey(nil, RecordID{1, 300}, frozenRow),
		appendRecordKey(nil, RecordID{1, 300}, fateRow),
		appendRecordKey(nil, RecordID{2, 1}, frozenRow),
	}
	for i := range ordered[1:] {
		if bytes.Compare(ordered[i], ordered[i+1]) >= 0 {
			t.Errorf("key %d is not before the next", i)
		}
	}
	deadline, id, err := decodeQueueKey(ordered[0])
	if err != nil || deadline != noon || id != (RecordID{2, 2}) {
		t.Errorf("%s, %s (%v)", deadline, id, err)
	}
}

var firstKey = testKey(1)

// FuzzRows: whatever stands in a row, reading it neither fails badly nor lies: it
// is an error, or what was read makes the same row.
func FuzzRows(f *testing.F) {
	f.Add(byte(0), appendFrozen(nil, &whole))
	f.Add(byte(1), appendFate(nil, &whole.Fate))
	f.Add(byte(2), appendClaim(nil, claimOf(3, -5, set("k", "v"))))
	f.Add(byte(3), appendHead(nil, &head{1, 2, 3, -4, 5, 6, -7, 3599, true}))
	f.Add(byte(4), appendAddition(appendAddition([]byte{valueFormat}, &addition{told, 3, 498706, 3599, -7, set("k", "v")}), &addition{kind: wanted, key: 1}))
	f.Add(byte(5), appendAccount(nil, &account{closedAt: noon}))
	f.Add(byte(6), appendKeyNames(nil, &firstKey))
	f.Add(byte(7), appendAct(nil, &Act{At: noon, Action: Carry, Who: "ann"}))
	f.Fuzz(func(t *testing.T, kind byte, row []byte) {
		again, err := reencode(kind, row)
		if err != nil {
			return
		}
		// Numbers can be written longer than needed, so compare the second
		// reading with the first.
		if twice, err := reencode(kind, again); err != nil || !bytes.Equal(twice, again) {
			t.Errorf("%x is read as %x, and that as %x (%v)", row, again, twice, err)
		}
	})
}

func reencode(kind byte, row []byte) ([]byte, error) {
	switch kind % 8 {
	case 0:
		r, err := decodeFrozen(row)
		if r.Timestamp.Year() < -1 || r.Timestamp.Year() > 9999 {
			r.Timestamp = time.Time{}
		}
		return appendFrozen(nil, &r), err
	case 1:
		fate, err := decodeFate(row)
		return appendFate(nil, &fate), err
	case 2:
		c, err := decodeClaim(row)
		return appendClaim(nil, c), err
	case 3:
		h, err := decodeHead(row)
		return appendHead(nil, &h), err
	case 4:
		r, b := newReader(row), []byte{valueFormat}
		for r.err == nil && len(r.rest) > 0 {
			if a, err := r.addition(); err == nil {
				b = appendAddition(b, &a)
			} else {
				return nil, err
			}
		}
		return b, r.err
	case 5:
		var a account
		err := a.decodeInto(row)
		return appendAccount(nil, &a), err
	case 6:
		k, err := decodeKeyNames(row)
		return appendKeyNames(nil, &k), err
	}
	a, err := decodeAct(row)
	return appendAct(nil, &a), err
}

// FuzzEvent: an event that is let in has rows from which its names and tags can
// be read again, and its tags count as the same in any order.
func FuzzEvent(f *testing.F) {
	f.Add("e1", "prod-abc123", "", "222233334444", "arn:aws:license-manager::1:license:l-1", "users", int64(5), "team", "a", "env", "b")
	f.Add("e2", "p", "cust-1", "", "", "d", int64(-5), "", "", "", "")
	f.Fuzz(func(t *testing.T, id, product, identifier, account, license, dimension string, quantity int64, k1, v1, k2, v2 string) {
		e := Event{ID: EventID(id), Quantity: quantity, Tags: []metering.Tag{{Key: k1, Value: v1}, {Key: k2, Value: v2}}}
		e.Key = Key{
			metering.ProductCode(product),
			Customer{metering.CustomerID(identifier), metering.AccountID(account), metering.LicenseARN(license)},
			metering.Dimension(dimension),
		}
		if e.check().Outcome == Refused {
			return
		}
		if k, err := decodeKeyNames(appendKeyNames(nil, &e.Key)); err != nil || k != e.Key {
			t.Errorf("%+v is read as %+v (%v)", e.Key, k, err)
		}
		if key := appendClaimKey(nil, 7, e.ID); string(key[5:]) != id {
			t.Errorf("id %q stands as %x", id, key)
		}
		tags, err := canonical(e.Tags).tags()
		if err != nil || len(tags) != 2 || canonical(tags) != canonical(e.Tags) || canonical([]metering.Tag{e.Tags[1], e.Tags[0]}) != canonical(e.Tags) {
			t.Errorf("%q is read as %q (%v)", e.Tags, tags, err)
		}
	})
}
