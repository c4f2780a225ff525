package scripts

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/meterd/meterd/internal/ledger"
	"github.com/meterd/meterd/internal/metering"
)

// count counts the records that stand in the books.
func (p *play) count(l line) error {
	a := p.args(l)
	if err := a.done(); err != nil {
		return err
	}
	records, err := p.mount.records(p.ctx)
	return p.answered(l, strconv.Itoa(len(records)), err)
}

// record looks at one record in the books. The wanted words are pairs of a
// name and a value; what comes are the same names with the values that stand.
func (p *play) record(l line) error {
	a := p.args(l)
	name := a.next("the record's name")
	if err := a.done(); err != nil {
		return err
	}
	records, err := p.mount.records(p.ctx)
	if err != nil {
		return err
	}
	for _, r := range records {
		if r.ID.String() != p.ids[name] {
			continue
		}
		values := valuesOf(r)
		var got []string
		for i := 0; i < len(l.want); i += 2 {
			value, ok := values[l.want[i]]
			if !ok {
				return fmt.Errorf("a record has no %s", l.want[i])
			}
			got = append(got, l.want[i], value)
		}
		return p.answered(l, strings.Join(got, " "), nil)
	}
	return p.answered(l, "it is not in the books", nil)
}

// valuesOf writes a record in the words of scripts; - stands for nothing.
func valuesOf(r ledger.Record) map[string]string {
	values := map[string]string{
		"product": string(r.Product), "license": shortLicense(string(r.License)), "buyer": string(r.Buyer),
		"resource": string(r.Resource), "region": string(r.Region), "dimension": string(r.Dimension),
		"quantity": strconv.FormatInt(r.Quantity, 10), "allocations": showAllocations(r.Allocations),
		"timestamp": showTime(r.Timestamp), "hour": showTime(r.Hour),
	}
	for name, value := range values {
		if value == "" {
			values[name] = "-"
		}
	}
	return values
}

func showAllocations(list []metering.Allocation) string {
	if list == nil {
		return ""
	}
	parts := make([]string, len(list))
	for i, a := range list {
		tags := make([]string, len(a.Tags))
		for j, tag := range a.Tags {
			tags[j] = tag.Key + "=" + tag.Value
		}
		parts[i] = fmt.Sprintf("%s:%d", strings.Join(tags, ","), a.Quantity)
	}
	return "[" + strings.Join(parts, " | ") + "]"
}
