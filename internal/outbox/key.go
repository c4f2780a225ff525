package outbox

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/meterd/meterd/internal/metering"
)

// Customer is a buyer as the service is to be told: by Identifier, or by Account
// with or without License. The outbox takes the names as they are told and does
// not know that two of them may mean the same buyer.
type Customer struct {
	Identifier metering.CustomerID
	Account    metering.AccountID
	License    metering.LicenseARN
}

func (c Customer) String() string {
	switch {
	case c.Identifier != "":
		return string(c.Identifier)
	case c.License != "":
		return string(c.Account) + " " + string(c.License)
	}
	return string(c.Account)
}

// Key is what there is one record of for each hour.
type Key struct {
	// Product is never empty, also where the service is told a licence only:
	// it says to whom the record is sent.
	Product   metering.ProductCode
	Customer  Customer
	Dimension metering.Dimension
}

func (k Key) String() string {
	return fmt.Sprintf("%s of %s for %s", k.Dimension, k.Product, k.Customer)
}

// clone copies the names, which may be parts of a larger text that is not to be
// kept with them.
func (k Key) clone() Key {
	return Key{
		Product: cloned(k.Product),
		Customer: Customer{
			Identifier: cloned(k.Customer.Identifier),
			Account:    cloned(k.Customer.Account),
			License:    cloned(k.Customer.License),
		},
		Dimension: cloned(k.Dimension),
	}
}

func cloned[T ~string](name T) T { return T(strings.Clone(string(name))) }

// compareKeys gives lists an order that does not depend on who came first.
func compareKeys(a, b Key) int {
	return cmp.Or(
		cmp.Compare(a.Product, b.Product),
		cmp.Compare(a.Customer.Identifier, b.Customer.Identifier),
		cmp.Compare(a.Customer.Account, b.Customer.Account),
		cmp.Compare(a.Customer.License, b.Customer.License),
		cmp.Compare(a.Dimension, b.Dimension),
	)
}

// keyID stands for a key in this directory, from 1.
type keyID uint32

// Hour is a UTC hour, counted from 1970: M0101.
type Hour uint32

// HourOf returns the hour that t lies in.
func HourOf(t time.Time) Hour { return Hour(metering.HourOf(t)) }

// Start returns the first instant of the hour.
func (h Hour) Start() time.Time { return time.Unix(int64(h)*3600, 0).UTC() }

// End returns the first instant after the hour.
func (h Hour) End() time.Time { return h.Start().Add(time.Hour) }

// month numbers the UTC month of the hour.
func (h Hour) month() int64 {
	t := h.Start()
	return int64(t.Year())*12 + int64(t.Month()) - 1
}

// secondOf returns the second of the hour that t lies in, or the nearest.
func (h Hour) secondOf(t time.Time) second {
	return second(min(max(t.Unix()-int64(h)*3600, 0), secondMax))
}

// second is a second within an hour.
type second uint16

const secondMax = 3599
