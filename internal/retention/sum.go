package retention

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/meterd/meterd/internal/store"
)

// Month is a calendar month in UTC, as 2026-11.
type Month string

// MonthOf returns the month of an hour.
func MonthOf(hour store.Hour) Month {
	return Month(time.Unix(int64(hour)*3600, 0).UTC().Format("2006-01"))
}

// Hours returns the first hour of the month and that of the next.
func (m Month) Hours() (from, to store.Hour, err error) {
	start, err := time.Parse("2006-01", string(m))
	if err != nil || start.Year() < 1970 {
		return 0, 0, fmt.Errorf("%q is not a month such as 2026-11", string(m))
	}
	from = store.Hour(start.Unix() / 3600)
	return from, next(from), nil
}

// next is the first hour of the month after that of an hour.
func next(hour store.Hour) store.Hour {
	t := time.Unix(int64(hour)*3600, 0).UTC()
	return store.Hour(time.Date(t.Year(), t.Month()+1, 1, 0, 0, 0, 0, time.UTC).Unix() / 3600)
}

// Of says what a sum is about: a fact's key without its hour.
type Of struct {
	Kind                             store.Kind
	Scope, Subject, Party, Dimension store.NameID
}

// OfKey returns what a fact's sum is about.
func OfKey(k store.Key) Of { return Of{k.Kind, k.Scope, k.Subject, k.Party, k.Dimension} }

// Sum is what was used of something in a month.
type Sum struct {
	Records  uint64 `json:"records"`
	Quantity int64  `json:"quantity"`
}

// Plus adds a record.
func (s Sum) Plus(quantity int64) Sum { return Sum{s.Records + 1, s.Quantity + quantity} }

// table is where the sums of a month stand: one for each, so that a month can be
// read alone.
func (m Month) table() store.Table { return store.Table("sums/" + m) }

// sumKey is the key of a sum's row.
func sumKey(of Of) string {
	return fmt.Sprintf("%c/%d/%d/%d/%d", of.Kind, of.Scope, of.Subject, of.Party, of.Dimension)
}

func parseSumKey(key string) (of Of, err error) {
	if _, err = fmt.Sscanf(key, "%c/%d/%d/%d/%d", &of.Kind, &of.Scope, &of.Subject, &of.Party, &of.Dimension); err == nil && sumKey(of) != key {
		err = fmt.Errorf("%q is not as it is written", key)
	}
	return of, err
}

// Sums returns the sums of the records of a month that were dropped.
func Sums(ctx context.Context, s store.Store, month Month) (map[Of]Sum, error) {
	m, err := readSums(ctx, s, month)
	sums := make(map[Of]Sum, len(m.byKey))
	for of, v := range m.byKey {
		sums[of] = v.Sum
	}
	return sums, err
}

// monthSums are all sums of a month.
type monthSums struct {
	month Month
	byKey map[Of]versioned
}

type versioned struct {
	Sum
	version uint64
	changed bool
}

func readSums(ctx context.Context, s store.Store, month Month) (monthSums, error) {
	m := monthSums{month, map[Of]versioned{}}
	for row, err := range s.Rows(ctx, month.table()) {
		if err != nil {
			return m, fmt.Errorf("reading the sums of %s: %w", month, err)
		}
		of, err := parseSumKey(row.Key)
		if err != nil {
			return m, fmt.Errorf("reading the sums of %s: %w", month, err)
		}
		v := versioned{version: row.Version}
		if err := json.Unmarshal(row.Value, &v.Sum); err != nil {
			return m, fmt.Errorf("reading the sums of %s: %w", month, err)
		}
		m.byKey[of] = v
	}
	return m, nil
}

func (m monthSums) add(f *store.Fact) {
	of := OfKey(f.Key)
	v := m.byKey[of]
	v.Sum, v.changed = v.Plus(f.Quantity), true
	m.byKey[of] = v
}

// rows are those that have changed.
func (m monthSums) rows() (rows []store.Row, err error) {
	for of, v := range m.byKey {
		if !v.changed {
			continue
		}
		text, err := json.Marshal(v.Sum)
		if err != nil {
			return nil, fmt.Errorf("encoding a sum: %w", err)
		}
		rows = append(rows, store.Row{Table: m.month.table(), Key: sumKey(of), Value: text, Version: v.version})
	}
	return rows, nil
}

// digest is the SHA-256 of all sums, in the order of their keys.
func (m monthSums) digest() string {
	byText := map[string]Sum{}
	for of, v := range m.byKey {
		byText[sumKey(of)] = v.Sum
	}
	sum := sha256.New()
	for _, key := range slices.Sorted(maps.Keys(byText)) {
		fmt.Fprintf(sum, "%s %d %d\n", key, byText[key].Records, byText[key].Quantity)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// CheckSums compares the sums of each month with their digest, and returns the
// months where they differ.
func (c *Cut) CheckSums(ctx context.Context, s store.Store) (wrong []Month, err error) {
	for _, month := range slices.Sorted(maps.Keys(c.Months)) {
		m, err := readSums(ctx, s, Month(month))
		if err != nil {
			return nil, err
		}
		if m.digest() != c.Months[month] {
			wrong = append(wrong, Month(month))
		}
	}
	return wrong, nil
}
