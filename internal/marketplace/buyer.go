package marketplace

import (
	"time"

	"github.com/meterd/meterd/internal/metering"
)

// Buyer subscribes to products.
type Buyer struct {
	Account metering.AccountID `json:"account"`
	// CustomerIdentifier is what sellers of older products know the buyer
	// by; the same for all of them. May be empty.
	CustomerIdentifier metering.CustomerID `json:"customerIdentifier,omitempty"`
	Credentials        []Credential        `json:"credentials,omitempty"`
	Agreements         []Agreement         `json:"agreements,omitempty"`
}

// Agreement is one purchase of one product, with the licence it grants.
type Agreement struct {
	Product    metering.ProductCode `json:"product"`
	Offer      string               `json:"offer,omitempty"`
	LicenseArn metering.LicenseARN  `json:"licenseArn"`
	Status     Status               `json:"status"`
	// Start is when usage begins to count.
	Start time.Time `json:"start"`
	// End is when the agreement ended or will; zero: it goes on.
	End       time.Time `json:"end,omitzero"`
	FreeTrial bool      `json:"freeTrial,omitempty"`
}

// Status is the state of an agreement apart from time.
type Status string

const (
	// Pending: bought, not yet confirmed (before subscribe-success).
	Pending Status = "pending"
	// Active, from Start to End.
	Active Status = "active"
	// Ended at End: cancelled or run out.
	Ended Status = "ended"
	// Suspended: the account may not use what it bought.
	Suspended Status = "suspended"
)

// known returns the constant that s equals, if there is one: comparing that with
// another constant need not look at the text, which else lies anywhere in memory.
func (s Status) known() Status {
	for _, known := range [...]Status{Pending, Active, Ended, Suspended} {
		if s == known {
			return known
		}
	}
	return s
}

// EntitledAt reports whether the agreement entitles its buyer to run the
// product at a time.
func (a *Agreement) EntitledAt(now time.Time) bool { return a.TakesUsageAt(now, 0) }

// TakesUsageAt reports whether usage told at now counts on the agreement.
// M0127: not before it is active and has started. M0126: until its end and, so
// that the last usage can be told, for the final hour after it.
func (a *Agreement) TakesUsageAt(now time.Time, finalHour time.Duration) bool {
	if a.Status != Active && a.Status != Ended || now.Before(a.Start) {
		return false
	}
	return a.End.IsZero() || now.Before(a.End.Add(finalHour))
}

// Token is a registration token that a buyer's browser brings to a seller.
type Token struct {
	Value      string              `json:"value"`
	LicenseArn metering.LicenseARN `json:"licenseArn"`
	// Minted is when its life began.
	Minted time.Time `json:"minted"`
}
