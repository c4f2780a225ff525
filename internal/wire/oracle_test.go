package wire

import (
	"encoding/json"
	"math/big"
	"strings"
	"time"

	"github.com/meterd/meterd/api"
)

// oracle turns what encoding/json makes of a document into a request, by the
// same rules as the decoder and in none of the same ways.
type oracle struct {
	dialect Dialect
	// refused says that a value was of the wrong kind.
	refused bool
	// unsure says that a number was too much for exact arithmetic.
	unsure bool
}

func (o *oracle) batch(v any) *api.BatchMeterUsageRequest {
	m := o.object(v)
	return &api.BatchMeterUsageRequest{
		UsageRecords: listOf(o, m["UsageRecords"], o.record),
		ProductCode:  o.text(m["ProductCode"]),
	}
}

func (o *oracle) meter(v any) *api.MeterUsageRequest {
	m := o.object(v)
	return &api.MeterUsageRequest{
		ProductCode:      o.text(m["ProductCode"]),
		Timestamp:        o.time(m["Timestamp"]),
		UsageDimension:   o.text(m["UsageDimension"]),
		UsageQuantity:    o.integer(m["UsageQuantity"]),
		DryRun:           scalarOf[bool](o, m["DryRun"]),
		UsageAllocations: listOf(o, m["UsageAllocations"], o.allocation),
		ClientToken:      o.text(m["ClientToken"]),
	}
}

func (o *oracle) record(v any) api.UsageRecord {
	m := o.object(v)
	return api.UsageRecord{
		Timestamp:            o.time(m["Timestamp"]),
		Dimension:            o.text(m["Dimension"]),
		CustomerIdentifier:   o.text(m["CustomerIdentifier"]),
		CustomerAWSAccountId: o.text(m["CustomerAWSAccountId"]),
		LicenseArn:           o.text(m["LicenseArn"]),
		Quantity:             o.integer(m["Quantity"]),
		UsageAllocations:     listOf(o, m["UsageAllocations"], o.allocation),
	}
}

func (o *oracle) allocation(v any) api.UsageAllocation {
	m := o.object(v)
	return api.UsageAllocation{
		AllocatedUsageQuantity: o.integer(m["AllocatedUsageQuantity"]),
		Tags:                   listOf(o, m["Tags"], o.tag),
	}
}

func (o *oracle) tag(v any) api.Tag {
	m := o.object(v)
	return api.Tag{Key: o.text(m["Key"]), Value: o.text(m["Value"])}
}

func (o *oracle) object(v any) map[string]any {
	m, ok := v.(map[string]any)
	o.refused = o.refused || !ok
	return m
}

func listOf[T any](o *oracle, v any, element func(any) T) []T {
	if v == nil {
		return nil
	}
	elements, ok := v.([]any)
	o.refused = o.refused || !ok
	list := []T{}
	for _, v := range elements {
		if v != nil {
			list = append(list, element(v))
		}
	}
	return list
}

func scalarOf[T any](o *oracle, v any) *T {
	if v == nil {
		return nil
	}
	scalar, ok := v.(T)
	o.refused = o.refused || !ok
	return &scalar
}

func (o *oracle) text(v any) *string { return scalarOf[string](o, v) }

func (o *oracle) integer(v any) *int64 {
	number := scalarOf[json.Number](o, v)
	if number == nil || o.refused {
		return nil
	}
	exact := o.exact(*number)
	truncated := new(big.Int).Quo(exact.Num(), exact.Denom())
	return new(saturated(truncated))
}

func (o *oracle) time(v any) *time.Time {
	if text, ok := v.(string); ok && o.dialect == PlainJSON {
		// Held against the standard library by FuzzTimestamps.
		t, ok := timeOfText(text)
		o.refused = o.refused || !ok
		return &t
	}
	number := scalarOf[json.Number](o, v)
	if number == nil || o.refused {
		return nil
	}
	exact := o.exact(*number)
	exact.Mul(exact, big.NewRat(1000, 1))
	// Div rounds down where the divisor is positive, as it is here.
	floor := new(big.Int).Div(exact.Num(), exact.Denom())
	return new(time.UnixMilli(bounded(saturated(floor))).UTC())
}

func (o *oracle) exact(number json.Number) *big.Rat {
	if i := strings.IndexAny(string(number), "eE"); i >= 0 && len(number)-i > 5 {
		o.unsure = true
		return new(big.Rat)
	}
	exact, ok := new(big.Rat).SetString(string(number))
	if !ok {
		o.refused = true
		return new(big.Rat)
	}
	return exact
}

func saturated(n *big.Int) int64 {
	switch {
	case n.IsInt64():
		return n.Int64()
	case n.Sign() < 0:
		return -1 << 63
	}
	return 1<<63 - 1
}

// repeatsAKey reports whether an object of a valid document has a key twice.
func repeatsAKey(document string) bool {
	decoder := json.NewDecoder(strings.NewReader(document))
	type frame struct {
		keys    map[string]bool // nil for a list
		wantKey bool
	}
	var stack []frame
	for {
		token, err := decoder.Token()
		if err != nil {
			return false
		}
		top := len(stack) - 1
		if key, ok := token.(string); ok && top >= 0 && stack[top].wantKey {
			if stack[top].keys[key] {
				return true
			}
			stack[top].keys[key] = true
			stack[top].wantKey = false
			continue
		}
		switch token {
		case json.Delim('{'):
			stack = append(stack, frame{map[string]bool{}, true})
			continue
		case json.Delim('['):
			stack = append(stack, frame{})
			continue
		case json.Delim('}'), json.Delim(']'):
			stack = stack[:top]
		}
		// A value has ended: in an object, a key is next.
		if top = len(stack) - 1; top >= 0 {
			stack[top].wantKey = stack[top].keys != nil
		}
	}
}
