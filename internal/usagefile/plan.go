package usagefile

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/meterd/meterd/api"
)

// Record is what is told for one or more rows.
type Record struct {
	// Product goes with the record; nil if a licence does.
	Product *string
	// group is the product, if it is known: records of one go into one call
	// (M0121).
	group string
	Usage api.UsageRecord
	// Rows are the places of its rows in the file.
	Rows []int
	// Refusal says why the record is not told; "" if it is.
	Refusal string
	// Digest names the record and where it goes: what is told a second time has
	// the same. It is empty if there is a Refusal.
	Digest string
}

// Planning says how records are made of rows.
type Planning struct {
	// Sum adds up rows of one buyer, dimension and hour; otherwise they are
	// refused, because only one record can be told.
	Sum bool
	// Check returns why a record is certain to be refused.
	Check func(product *string, u *api.UsageRecord) error
	// Destination is where the records go.
	Destination string
}

// place is what there can be one record of; M0101, M0125.
type place struct {
	product, customer, account, license, dimension string
	hour                                           int64
}

func placeOf(r *Row) place {
	u := &r.Usage
	return place{
		text(productOf(r)), text(u.CustomerIdentifier), text(u.CustomerAWSAccountId), text(u.LicenseArn), text(u.Dimension),
		u.Timestamp.Unix() / 3600,
	}
}

// Plan makes records of the rows, of each product the oldest first, so that what
// may soon be told no more goes first. Every row is in one record.
func (f *File) Plan(p Planning) []Record {
	var records []Record
	at := map[place]int{}
	lost := 0
	for i := range f.Rows {
		row := &f.Rows[i]
		if row.Mistake == "" {
			if err := p.Check(productOf(row), &row.Usage); err != nil {
				row.Mistake = err.Error()
			}
		}
		if row.lost {
			lost = cmp.Or(lost, row.Line)
			records = append(records, Record{Rows: []int{i}, Refusal: row.Mistake})
			continue
		}
		here := placeOf(row)
		k, ok := at[here]
		if !ok {
			k = len(records)
			at[here] = k
			records = append(records, Record{Product: productOf(row), group: row.Product, Usage: row.Usage})
		}
		records[k].Rows = append(records[k].Rows, i)
	}
	for i := range records {
		if r := &records[i]; r.Refusal == "" {
			r.Refusal = f.complete(r, p, lost)
		}
	}
	slices.SortStableFunc(records, func(a, b Record) int {
		return cmp.Or(cmp.Compare(a.group, b.group), cmp.Compare(text(a.Product), text(b.Product)), cmp.Compare(a.seconds(), b.seconds()))
	})
	return records
}

// seconds is the record's time, 0 if it has none.
func (r *Record) seconds() int64 {
	if r.Usage.Timestamp == nil {
		return 0
	}
	return r.Usage.Timestamp.Unix()
}

// complete makes a record of its rows, or says why it is not told. lost is a
// line that could belong to any record.
func (f *File) complete(r *Record, p Planning, lost int) string {
	if len(r.Rows) > 1 && !p.Sum {
		return fmt.Sprintf("lines %s tell the same buyer, dimension and hour, of which there can be one record; correct the file, or have them added up with --sum", f.lines(r.Rows))
	}
	for _, i := range r.Rows {
		if mistake := f.Rows[i].Mistake; mistake != "" && len(r.Rows) == 1 {
			return mistake
		} else if mistake != "" {
			return fmt.Sprintf("line %d, which tells the same buyer, dimension and hour, cannot be told; a part of the sum would stand for the whole", f.Rows[i].Line)
		}
	}
	if p.Sum && lost > 0 {
		return fmt.Sprintf("nothing is added up while line %d cannot be read: it may belong here", lost)
	}
	for _, i := range r.Rows[1:] {
		r.add(f.Rows[i].Usage)
	}
	if len(r.Rows) > 1 {
		if err := p.Check(r.Product, &r.Usage); err != nil {
			return fmt.Sprintf("the sum of lines %s: %v", f.lines(r.Rows), err)
		}
	}
	r.Digest = digest(p.Destination, r)
	return ""
}

// add adds another row to a record, which gets the latest time: it lies in the
// buyer's agreement if the usage does, and may be told longest.
func (r *Record) add(u api.UsageRecord) {
	r.Usage.UsageAllocations = addAllocations(r.Usage, u)
	r.Usage.Quantity = new(*r.Usage.Quantity + *u.Quantity)
	if u.Timestamp.After(*r.Usage.Timestamp) {
		r.Usage.Timestamp = u.Timestamp
	}
}

// linesShown is how many lines of one record a text names.
const linesShown = 8

func (f *File) lines(rows []int) string {
	var texts []string
	for _, i := range rows[:min(len(rows), linesShown)] {
		texts = append(texts, fmt.Sprint(f.Rows[i].Line))
	}
	if more := len(rows) - linesShown; more > 0 {
		return strings.Join(texts, ", ") + fmt.Sprintf(" and %d more", more)
	}
	return strings.Join(texts, ", ")
}

// digest names a record and its destination.
func digest(destination string, r *Record) string {
	// A struct of texts and numbers is always JSON; times are in UTC.
	body, _ := json.Marshal(struct {
		Destination string
		Product     *string
		Usage       api.UsageRecord
	}{destination, r.Product, r.Usage})
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:16])
}

func productOf(r *Row) *string {
	if r.Usage.LicenseArn != nil {
		return nil
	}
	return given(r.Product)
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
