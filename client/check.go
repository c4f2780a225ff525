package client

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/meterd/meterd/api"
)

// checkBatch returns the refusal that the service would answer with, or nil
// when nothing in the request itself is certain to be refused.
func checkBatch(r *api.BatchMeterUsageRequest) *api.Error {
	if invalid := api.ValidationError(r.Violations()); invalid != nil {
		return invalid
	}
	for i := range r.UsageRecords {
		if refusal := checkRecord(&r.UsageRecords[i]); refusal != nil {
			return refusal
		}
	}
	return nil
}

// checkRecord checks what the model leaves to the service's own exceptions.
func checkRecord(r *api.UsageRecord) *api.Error {
	if refusal := checkAllocations(r.Quantity, r.UsageAllocations); refusal != nil {
		return refusal
	}
	customer, account := text(r.CustomerIdentifier) != "", r.CustomerAWSAccountId != nil // M0136
	switch {
	case customer && account:
		return invalid(api.InvalidCustomerIdentifierException, "A record has both CustomerIdentifier and CustomerAWSAccountId; send one.")
	case !customer && !account:
		return invalid(api.InvalidCustomerIdentifierException, "A record has neither CustomerIdentifier nor CustomerAWSAccountId.")
	}
	return nil
}

func checkMeter(r *api.MeterUsageRequest) *api.Error {
	if invalid := api.ValidationError(r.Violations()); invalid != nil {
		return invalid
	}
	return checkAllocations(r.UsageQuantity, r.UsageAllocations)
}

// tooLarge refuses a body of a size.
func tooLarge(size int) *api.Error {
	return &api.Error{
		Name:    api.RequestEntityTooLargeException,
		Message: fmt.Sprintf("The request has %d bytes; it must be smaller than %d.", size, api.RequestBytesLimit),
		Status:  http.StatusRequestEntityTooLarge,
	}
}

func invalid(name api.ExceptionName, format string, args ...any) *api.Error {
	return &api.Error{Name: name, Message: fmt.Sprintf(format, args...), Status: http.StatusBadRequest}
}

// checkAllocations checks tags before sums, as the service does (M0140, M0144,
// M0146). An empty list of either is no member in the request, and so is no
// mistake.
func checkAllocations(quantity *int64, list []api.UsageAllocation) *api.Error {
	if len(list) == 0 {
		return nil
	}
	if refusal := checkTags(list); refusal != nil {
		return refusal
	}
	if n := len(list); n > api.AllocationsMax {
		return invalid(api.InvalidUsageAllocationsException, "A record has %d UsageAllocations; at most %d are allowed.", n, api.AllocationsMax)
	}
	sum, whole := int64(0), int64(0)
	if quantity != nil {
		whole = *quantity
	}
	sets := map[string]bool{}
	for _, a := range list {
		sum += *a.AllocatedUsageQuantity
		set := tagSet(a.Tags)
		if sets[set] {
			return invalid(api.InvalidUsageAllocationsException, "Two allocations have the same set of tags; add them up into one.")
		}
		sets[set] = true
	}
	if sum != whole {
		return invalid(api.InvalidUsageAllocationsException, "The allocations add up to %d, the quantity is %d.", sum, whole)
	}
	return nil
}

// checkTags is M0141, M0142 and M0145.
func checkTags(list []api.UsageAllocation) *api.Error {
	keys := map[string]bool{}
	for _, a := range list {
		if n := len(a.Tags); n > api.TagsMax {
			return invalid(api.InvalidTagException, "An allocation has %d Tags; at most %d are allowed.", n, api.TagsMax)
		}
		own := map[string]bool{}
		for _, tag := range a.Tags {
			key, value := *tag.Key, *tag.Value
			if own[key] {
				return invalid(api.InvalidTagException, "An allocation has the tag key %q twice.", key)
			}
			if !tagText(key, api.TagKeyCharsMax) || !tagText(value, api.TagValueCharsMax) {
				return invalid(api.InvalidTagException, "The tag %.120q: %.300q must have a key of 1 to %d and a value of 1 to %d characters of a-z A-Z 0-9 blank and + - = . _ : / @.", key, value, api.TagKeyCharsMax, api.TagValueCharsMax)
			}
			own[key], keys[key] = true, true
		}
	}
	if len(keys) > api.TagsMax {
		return invalid(api.InvalidTagException, "The allocations of one record use %d distinct tag keys; at most %d are allowed.", len(keys), api.TagsMax)
	}
	return nil
}

// tagPattern is the model's (M0143). Its " -=" is a range of ASCII, which lets in more
// than the guide's list does.
var tagPattern = regexp.MustCompile(`^[a-zA-Z0-9+ -=._:\/@]+$`)

func tagText(s string, charsMax int) bool {
	return utf8.RuneCountInString(s) <= charsMax && tagPattern.MatchString(s)
}

// tagSet writes tags so that two lists come out the same if they are the same
// set. No tag has a line break in it.
func tagSet(tags []api.Tag) string {
	lines := make([]string, len(tags))
	for i, tag := range tags {
		lines[i] = *tag.Key + "\n" + *tag.Value + "\n"
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
