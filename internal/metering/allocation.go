package metering

import (
	"bytes"
	"encoding/binary"
	"slices"
	"unicode/utf8"
)

const (
	// tagsMax is M0141, the tags of one allocation, and M0142, the distinct
	// keys over all allocations of a record.
	tagsMax = 5
	// tagKeyCharsMax and tagValueCharsMax are M0143.
	tagKeyCharsMax   = 100
	tagValueCharsMax = 256
)

// CheckTags refuses tags that the service calls invalid. M0147: these limits
// stand in the model too, and the service's own exception is taken to win.
func CheckTags(list []Allocation) *Refusal {
	keys := make([]string, 0, tagsMax)
	for _, allocation := range list {
		if allocation.Tags != nil && len(allocation.Tags) == 0 {
			return Refuse(RuleTagInvalid, "An allocation has an empty list of Tags; leave Tags out for the untagged rest.")
		}
		if n := len(allocation.Tags); n > tagsMax {
			return Refuse(RuleTagInvalid, "An allocation has %d tags; at most %d are allowed.", n, tagsMax)
		}
		for i, tag := range allocation.Tags {
			if refusal := checkTag(tag); refusal != nil {
				return refusal
			}
			// M0145: one key, one value.
			if slices.ContainsFunc(allocation.Tags[:i], func(t Tag) bool { return t.Key == tag.Key }) {
				return Refuse(RuleTagInvalid, "An allocation has the tag key %q twice.", tag.Key)
			}
			if !slices.Contains(keys, tag.Key) {
				keys = append(keys, tag.Key)
			}
		}
	}
	if len(keys) > tagsMax {
		return Refuse(RuleTagInvalid, "The allocations of one record use %d distinct tag keys; at most %d are allowed.", len(keys), tagsMax)
	}
	return nil
}

func checkTag(t Tag) *Refusal {
	if !validTagText(t.Key, tagKeyCharsMax) {
		return Refuse(RuleTagInvalid, "Tag key %.120q must be 1 to %d characters of a-z A-Z 0-9 and blank, and ! \" # $ %% & ' ( ) * + , - . / : ; < = _ @.", t.Key, tagKeyCharsMax)
	}
	if !validTagText(t.Value, tagValueCharsMax) {
		return Refuse(RuleTagInvalid, "The value %.300q of tag %q must be 1 to %d characters of a-z A-Z 0-9 and blank, and ! \" # $ %% & ' ( ) * + , - . / : ; < = _ @.", t.Value, t.Key, tagValueCharsMax)
	}
	return nil
}

func validTagText(s string, charsMax int) bool {
	if s == "" || utf8.RuneCountInString(s) > charsMax {
		return false
	}
	for i := range len(s) {
		if !tagByte(s[i]) {
			return false
		}
	}
	return true
}

// tagByte follows the model's expression, where " -=" is a range of ASCII and
// so lets in more than the guide's list does (M0143).
func tagByte(b byte) bool {
	switch {
	case 'a' <= b && b <= 'z', 'A' <= b && b <= 'Z', ' ' <= b && b <= '=':
		return true
	}
	return b == '_' || b == '@'
}

// CheckAllocations refuses allocations that do not split the quantity. It
// relies on CheckTags having passed.
func CheckAllocations(quantity int64, list []Allocation, allocationsMax int) *Refusal {
	if list == nil {
		return nil
	}
	if len(list) == 0 {
		return Refuse(RuleAllocationsInvalid, "UsageAllocations is empty; leave it out instead.")
	}
	if len(list) > allocationsMax {
		return Refuse(RuleAllocationsInvalid, "A record has %d UsageAllocations; at most %d are allowed.", len(list), allocationsMax) // M0140
	}
	sum := int64(0)
	for _, allocation := range list {
		sum += allocation.Quantity
	}
	if sum != quantity {
		return Refuse(RuleAllocationsInvalid, "The allocations add up to %d, the record's quantity is %d.", sum, quantity) // M0146
	}
	sets := sortedTagSets(list)
	for i := 1; i < len(sets); i++ {
		if bytes.Equal(sets[i-1].tags, sets[i].tags) {
			return Refuse(RuleAllocationsInvalid, "Two allocations have the same set of tags; add them up into one.") // M0144
		}
	}
	return nil
}

// AppendCanonical appends a form of the allocations that is the same for two
// lists exactly when they allocate the same: neither the order of allocations
// nor that of tags matters. Nothing is appended for none.
func AppendCanonical(dst []byte, list []Allocation) []byte {
	for _, set := range sortedTagSets(list) {
		dst = binary.AppendUvarint(dst, uint64(set.quantity))
		dst = binary.AppendUvarint(dst, uint64(len(set.tags)))
		dst = append(dst, set.tags...)
	}
	return dst
}

type tagSet struct {
	tags     []byte
	quantity int64
}

func sortedTagSets(list []Allocation) []tagSet {
	sets := make([]tagSet, len(list))
	for i, allocation := range list {
		tags := slices.SortedFunc(slices.Values(allocation.Tags), func(a, b Tag) int {
			return bytes.Compare([]byte(a.Key), []byte(b.Key))
		})
		var text []byte
		for _, tag := range tags {
			text = appendText(appendText(text, tag.Key), tag.Value)
		}
		sets[i] = tagSet{text, allocation.Quantity}
	}
	slices.SortStableFunc(sets, func(a, b tagSet) int { return bytes.Compare(a.tags, b.tags) })
	return sets
}

func appendText(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// ParseCanonical reads what AppendCanonical wrote.
func ParseCanonical(b []byte) (list []Allocation, ok bool) {
	for len(b) > 0 {
		quantity, n := binary.Uvarint(b)
		if n <= 0 {
			return nil, false
		}
		tags, rest, ok := cutText(b[n:])
		if !ok {
			return nil, false
		}
		allocation := Allocation{Quantity: int64(quantity)}
		for len(tags) > 0 {
			var key, value []byte
			if key, tags, ok = cutText(tags); !ok {
				return nil, false
			}
			if value, tags, ok = cutText(tags); !ok {
				return nil, false
			}
			allocation.Tags = append(allocation.Tags, Tag{string(key), string(value)})
		}
		list, b = append(list, allocation), rest
	}
	return list, true
}

func cutText(b []byte) (text, rest []byte, ok bool) {
	length, n := binary.Uvarint(b)
	if n <= 0 || length > uint64(len(b)-n) {
		return nil, nil, false
	}
	return b[n : n+int(length)], b[n+int(length):], true
}
