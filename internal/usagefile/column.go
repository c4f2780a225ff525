package usagefile

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Field is what a column holds.
type Field string

const (
	// Product is a product code; none goes with a licence.
	Product Field = "product"
	// Customer is a CustomerIdentifier, Account a CustomerAWSAccountId; a row
	// has one of them. License is a LicenseArn.
	Customer Field = "customer"
	Account  Field = "account"
	License  Field = "license"

	Dimension Field = "dimension"
	// Time is when the usage happened, Quantity how much it was.
	Time     Field = "time"
	Quantity Field = "quantity"
	// Allocations are UsageAllocations as JSON; Tags are the tags of the whole
	// quantity, as a JSON object.
	Allocations Field = "allocations"
	Tags        Field = "tags"
)

// aliases are the names that a column is recognised by, in lower case and
// without anything but letters and digits. The first of each is AWS's.
var aliases = map[Field][]string{
	Product:     {"productcode", "product"},
	Customer:    {"customeridentifier", "customerid", "customer"},
	Account:     {"customerawsaccountid", "customerawsaccount", "awsaccountid", "accountid", "account"},
	License:     {"licensearn", "licencearn", "license", "licence"},
	Dimension:   {"dimension", "usagedimension"},
	Time:        {"timestamp", "usagetimestamp", "time"},
	Quantity:    {"quantity", "usagequantity"},
	Allocations: {"usageallocations", "allocations"},
	Tags:        {"tags"},
}

var fieldByAlias = func() map[string]Field {
	fields := map[string]Field{}
	for field, names := range aliases {
		for _, name := range names {
			fields[name] = field
		}
	}
	return fields
}()

// Mapping says which column holds a field, by its exact header. Fields that it
// leaves out are recognised by their usual names.
type Mapping map[Field]string

// ParseMapping reads pairs of a field's name, ours or AWS's, and a header.
func ParseMapping(pairs map[string]string) (Mapping, error) {
	m := Mapping{}
	for _, name := range slices.Sorted(maps.Keys(pairs)) {
		field, ok := fieldByAlias[plain(name)]
		if !ok {
			return nil, fmt.Errorf("%q is not one of %s", name, strings.Join(fieldNames(), ", "))
		}
		if m[field] != "" {
			return nil, fmt.Errorf("%s is given twice, as %q and %q", field, m[field], pairs[name])
		}
		m[field] = pairs[name]
	}
	return m, nil
}

func fieldNames() (names []string) {
	for field := range aliases {
		names = append(names, string(field))
	}
	slices.Sort(names)
	return names
}

// fieldOf returns what a column holds.
func (m Mapping) fieldOf(header string) (Field, bool) {
	for field, named := range m {
		if named == header {
			return field, true
		}
	}
	field, ok := fieldByAlias[plain(header)]
	return field, ok && m[field] == ""
}

// plain is a header as people write it in many ways.
func plain(header string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		}
		return -1
	}, header)
}

// columns are the fields of a file's columns; "" is one that is not used.
type columns []Field

// columnsOf finds out what the columns of a file hold.
func (m Mapping) columnsOf(headers []string) (columns, error) {
	list := make(columns, len(headers))
	first := map[Field]string{}
	for i, header := range headers {
		field, ok := m.fieldOf(header)
		if !ok {
			continue
		}
		if other, twice := first[field]; twice {
			return nil, fmt.Errorf("the columns %q and %q could both be the %s; choose with --map %s=COLUMN", other, header, field, field)
		}
		first[field], list[i] = header, field
	}
	for _, field := range slices.Sorted(maps.Keys(m)) {
		if _, ok := first[field]; !ok {
			return nil, fmt.Errorf("there is no column %q, which is to be the %s; the columns are %s", m[field], field, quoted(headers))
		}
	}
	for _, field := range []Field{Time, Dimension, Quantity} {
		if _, ok := first[field]; !ok {
			return nil, fmt.Errorf("no column is the %s; the columns are %s: choose one with --map %s=COLUMN", field, quoted(headers), field)
		}
	}
	if first[Customer] == "" && first[Account] == "" {
		return nil, fmt.Errorf("no column is the customer or the account; the columns are %s: choose one with --map customer=COLUMN (a CustomerIdentifier) or --map account=COLUMN (an AWS account)", quoted(headers))
	}
	return list, nil
}

func quoted(headers []string) string {
	texts := make([]string, len(headers))
	for i, header := range headers {
		texts[i] = fmt.Sprintf("%q", header)
	}
	return strings.Join(texts, ", ")
}
