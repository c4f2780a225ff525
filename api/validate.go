package api

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// violationsMax is how many violations are looked for. A body of empty records
// would else make an answer many times its own size.
const violationsMax = 100

// Violation is one thing in a request that the model forbids.
type Violation struct {
	// Path names the member as the service does: lower camel case, list
	// elements counted from 1, as in usageRecords.1.member.dimension.
	Path string
	// Value is the offending value in quotes, or null for a missing member.
	Value string
	// Constraint says what the member must satisfy.
	Constraint string
}

func (v Violation) String() string {
	return fmt.Sprintf("Value %s at '%s' failed to satisfy constraint: %s", v.Value, v.Path, v.Constraint)
}

// ValidationError puts violations into the service's one ValidationException
// (M0030), or returns nil when there are none.
func ValidationError(violations []Violation) *Error {
	if len(violations) == 0 {
		return nil
	}
	texts := make([]string, len(violations))
	for i, v := range violations {
		texts[i] = v.String()
	}
	noun := "error"
	if len(violations) > 1 {
		noun = "errors"
	}
	return &Error{
		Name:    ValidationException,
		Message: fmt.Sprintf("%d validation %s detected: %s", len(violations), noun, strings.Join(texts, "; ")),
		Status:  400,
	}
}

// Violations returns what the model forbids in r, in member order. What it
// says of tags and of the number of allocations is left to the service's own
// exceptions for those.
func (r *BatchMeterUsageRequest) Violations() []Violation {
	var c checker
	if r.UsageRecords == nil {
		c.missing("usageRecords")
	}
	if n := len(r.UsageRecords); n > RecordsMax {
		// M0032: the list itself would fill the message; its size is what matters.
		c.add("usageRecords", fmt.Sprintf("'[%d records]'", n), fmt.Sprintf("Member must have length less than or equal to %d", RecordsMax))
	}
	for i := range r.UsageRecords {
		c.enter("usageRecords", i)
		r.UsageRecords[i].check(&c)
		c.leave()
	}
	c.productCode(r.ProductCode)
	return c.found
}

func (r *UsageRecord) check(c *checker) {
	if r.Timestamp == nil {
		c.missing("timestamp")
	}
	c.length("customerIdentifier", r.CustomerIdentifier, 0, NameCharsMax)
	c.dimension("dimension", r.Dimension)
	c.quantity("quantity", r.Quantity)
	c.allocations(r.UsageAllocations)
	c.length("customerAWSAccountId", r.CustomerAWSAccountId, 1, NameCharsMax)
	c.pattern("customerAWSAccountId", r.CustomerAWSAccountId, accountIDPattern)
	c.pattern("licenseArn", r.LicenseArn, licenseArnPattern)
}

// Violations returns what the model forbids in r, in member order.
func (r *MeterUsageRequest) Violations() []Violation {
	var c checker
	c.required("productCode", r.ProductCode)
	c.productCode(r.ProductCode)
	if r.Timestamp == nil {
		c.missing("timestamp")
	}
	c.dimension("usageDimension", r.UsageDimension)
	c.quantity("usageQuantity", r.UsageQuantity)
	c.allocations(r.UsageAllocations)
	c.length("clientToken", r.ClientToken, 1, ClientTokenCharsMax)
	return c.found
}

// Violations returns what the model forbids in r, in member order.
func (r *RegisterUsageRequest) Violations() []Violation {
	var c checker
	c.required("productCode", r.ProductCode)
	c.productCode(r.ProductCode)
	if r.PublicKeyVersion == nil {
		c.missing("publicKeyVersion")
	} else if *r.PublicKeyVersion < 1 {
		c.add("publicKeyVersion", quoteInt(*r.PublicKeyVersion), "Member must have value greater than or equal to 1")
	}
	c.length("nonce", r.Nonce, 0, NameCharsMax)
	return c.found
}

// Violations returns what the model forbids in r: no token, or an empty one
// (M0186).
func (r *ResolveCustomerRequest) Violations() []Violation {
	var c checker
	c.required("registrationToken", r.RegistrationToken)
	c.pattern("registrationToken", r.RegistrationToken, notEmptyPattern)
	return c.found
}

// checker gathers violations. Where it is in the request is put into words only
// for a violation, because most requests have none.
type checker struct {
	path  []element
	found []Violation
}

// element is one of a list, counted from 0.
type element struct {
	list  string
	index int
}

func (c *checker) enter(list string, index int) { c.path = append(c.path, element{list, index}) }

func (c *checker) leave() { c.path = c.path[:len(c.path)-1] }

func (c *checker) add(member, value, constraint string) {
	if len(c.found) == violationsMax {
		return
	}
	prefix := ""
	for _, e := range c.path {
		prefix += e.list + "." + strconv.Itoa(e.index+1) + ".member."
	}
	c.found = append(c.found, Violation{prefix + member, value, constraint})
}

func (c *checker) missing(member string) { c.add(member, "null", "Member must not be null") }

func (c *checker) required(member string, s *string) {
	if s == nil {
		c.missing(member)
	}
}

func (c *checker) productCode(s *string) {
	c.length("productCode", s, 0, NameCharsMax)
	c.pattern("productCode", s, productCodePattern)
}

func (c *checker) dimension(member string, s *string) {
	c.required(member, s)
	c.length(member, s, 1, NameCharsMax)
}

func (c *checker) quantity(member string, n *int64) {
	switch {
	case n == nil:
	case *n < 0:
		c.add(member, quoteInt(*n), "Member must have value greater than or equal to 0")
	case *n > QuantityMax:
		c.add(member, quoteInt(*n), fmt.Sprintf("Member must have value less than or equal to %d", QuantityMax))
	}
}

func (c *checker) allocations(list []UsageAllocation) {
	for i := range list {
		c.enter("usageAllocations", i)
		if list[i].AllocatedUsageQuantity == nil {
			c.missing("allocatedUsageQuantity")
		}
		c.quantity("allocatedUsageQuantity", list[i].AllocatedUsageQuantity)
		for j, tag := range list[i].Tags {
			c.enter("tags", j)
			c.required("key", tag.Key)
			c.required("value", tag.Value)
			c.leave()
		}
		c.leave()
	}
}

func (c *checker) length(member string, s *string, low, high int) {
	if s == nil {
		return
	}
	if *s == "" && low > 0 {
		c.add(member, "''", fmt.Sprintf("Member must have length greater than or equal to %d", low))
	}
	// A string has at most as many characters as bytes: most need no count.
	if len(*s) > high && utf8.RuneCountInString(*s) > high {
		c.add(member, quote(*s), fmt.Sprintf("Member must have length less than or equal to %d", high))
	}
}

func (c *checker) pattern(member string, s *string, p pattern) {
	if s != nil && !p.matches(*s) {
		c.add(member, quote(*s), "Member must satisfy regular expression pattern: "+p.text)
	}
}

func quote(s string) string { return "'" + s + "'" }

func quoteInt(n int64) string { return "'" + strconv.FormatInt(n, 10) + "'" }
