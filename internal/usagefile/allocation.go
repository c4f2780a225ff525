package usagefile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/meterd/meterd/api"
)

// allocation is an allocation as JSON has it: in AWS's words, or in those of
// meterd's lists of records.
type allocation struct {
	AllocatedUsageQuantity *int64
	Tags                   tags
	// Quantity is meterd's word.
	Quantity *int64
}

// tags are a list of keys and values, or an object.
type tags []api.Tag

func (t *tags) UnmarshalJSON(text []byte) error {
	if bytes.HasPrefix(text, []byte("[")) {
		var list []api.Tag
		err := strictly(text, &list)
		*t = list
		return err
	}
	var object map[string]string
	if err := json.Unmarshal(text, &object); err != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(object)) {
		*t = append(*t, api.Tag{Key: &key, Value: new(object[key])})
	}
	return nil
}

// parseAllocations reads the columns that say what a quantity is made of.
func parseAllocations(quantity int64, list, tagged string) ([]api.UsageAllocation, error) {
	switch {
	case list != "" && tagged != "":
		return nil, errors.New("the row has both allocations and tags; one of them says it all")
	case tagged != "":
		var own tags
		if err := strictly([]byte(tagged), &own); err != nil {
			return nil, fmt.Errorf(`tags %.100q are not JSON such as {"team":"blue"}: %w`, tagged, err)
		}
		if len(own) == 0 {
			return nil, nil
		}
		return []api.UsageAllocation{{AllocatedUsageQuantity: &quantity, Tags: own}}, nil
	case list == "":
		return nil, nil
	}
	var read []allocation
	if err := strictly([]byte(list), &read); err != nil {
		return nil, fmt.Errorf(`allocations %.100q are not JSON such as [{"AllocatedUsageQuantity":3,"Tags":[{"Key":"team","Value":"blue"}]}]: %w`, list, err)
	}
	var whole []api.UsageAllocation
	for _, a := range read {
		if a.AllocatedUsageQuantity == nil {
			a.AllocatedUsageQuantity = a.Quantity
		}
		whole = append(whole, api.UsageAllocation{AllocatedUsageQuantity: a.AllocatedUsageQuantity, Tags: a.Tags})
	}
	return whole, nil
}

// strictly reads one JSON value without members that nobody knows.
func strictly(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return errors.New(strings.TrimPrefix(err.Error(), "json: "))
	}
	if _, err := decoder.Token(); err != io.EOF {
		return errors.New("there is more after the JSON value")
	}
	return nil
}

// addAllocations adds up the allocations of two parts of a record by their
// tags. A part without allocations is all untagged if the other has some.
func addAllocations(a, b api.UsageRecord) []api.UsageAllocation {
	if len(a.UsageAllocations) == 0 && len(b.UsageAllocations) == 0 {
		return nil
	}
	var sum []api.UsageAllocation
	place := map[string]int{}
	for _, part := range [][]api.UsageAllocation{allOf(a), allOf(b)} {
		for _, x := range part {
			set := tagSet(x.Tags)
			i, ok := place[set]
			if !ok {
				place[set] = len(sum)
				sum = append(sum, api.UsageAllocation{AllocatedUsageQuantity: new(*x.AllocatedUsageQuantity), Tags: x.Tags})
				continue
			}
			*sum[i].AllocatedUsageQuantity += *x.AllocatedUsageQuantity
		}
	}
	return sum
}

func allOf(u api.UsageRecord) []api.UsageAllocation {
	if len(u.UsageAllocations) == 0 && *u.Quantity == 0 {
		return nil
	}
	if len(u.UsageAllocations) == 0 {
		return []api.UsageAllocation{{AllocatedUsageQuantity: u.Quantity}}
	}
	return u.UsageAllocations
}

// tagSet writes tags so that equal sets come out the same.
func tagSet(list []api.Tag) string {
	texts := make([]string, len(list))
	for i, tag := range list {
		texts[i] = fmt.Sprintf("%q=%q", *tag.Key, *tag.Value)
	}
	slices.Sort(texts)
	return strings.Join(texts, " ")
}
