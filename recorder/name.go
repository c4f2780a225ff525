package recorder

import (
	"strings"

	"github.com/meterd/meterd/api"
	"github.com/meterd/meterd/internal/metering"
	"github.com/meterd/meterd/internal/outbox"
)

// Customer is a buyer as the service knows it: by AWSAccountID, with LicenseARN
// for products that are told by licence, or by Identifier. Use one way for a
// buyer, always: two names of one buyer are two customers to the recorder, and
// the service refuses the second one's record.
type Customer struct {
	AWSAccountID string
	LicenseARN   string
	Identifier   string
}

// CustomerOf names the buyer that a registration token stands for, as the
// service wants it: by account and licence if there is a licence, and else by
// account. Keep the answer of ResolveCustomer, or this, with your account.
func CustomerOf(r api.ResolveCustomerResult) Customer {
	if r.CustomerAWSAccountId == "" {
		return Customer{Identifier: r.CustomerIdentifier}
	}
	return Customer{AWSAccountID: r.CustomerAWSAccountId, LicenseARN: r.LicenseArn}
}

func (c Customer) String() string { return c.told().String() }

func (c Customer) told() outbox.Customer {
	return outbox.Customer{
		Identifier: metering.CustomerID(c.Identifier),
		Account:    metering.AccountID(c.AWSAccountID),
		License:    metering.LicenseARN(c.LicenseARN),
	}
}

func customerOf(c outbox.Customer) Customer {
	return Customer{AWSAccountID: string(c.Account), LicenseARN: string(c.License), Identifier: string(c.Identifier)}
}

// Tag is a key and value that usage is allocated by. The service takes five
// different keys at most.
type Tag struct{ Key, Value string }

// tagsOf makes copies, which share no memory with what the caller read them from.
func tagsOf(tags []Tag) (list []metering.Tag) {
	for _, t := range tags {
		list = append(list, metering.Tag{Key: strings.Clone(t.Key), Value: strings.Clone(t.Value)})
	}
	return list
}

func toTags(tags []metering.Tag) (list []Tag) {
	for _, t := range tags {
		list = append(list, Tag(t))
	}
	return list
}

// name is what a counter is found by.
type name struct {
	customer  Customer
	dimension string
	// tags are in canonical form; "" is none.
	tags string
}

// clone shares no memory with what the caller read the names from.
func (n name) clone() name {
	return name{
		Customer{strings.Clone(n.customer.AWSAccountID), strings.Clone(n.customer.LicenseARN), strings.Clone(n.customer.Identifier)},
		strings.Clone(n.dimension), strings.Clone(n.tags),
	}
}
