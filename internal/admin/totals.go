package admin

import (
	"context"
	"net/http"

	"github.com/meterd/meterd/internal/ledger"
	"github.com/meterd/meterd/internal/metering"
	"github.com/meterd/meterd/internal/retention"
)

// Total is what was accepted in a month under one key, as GET totals lists it.
type Total struct {
	Month     string               `json:"month"`
	Seller    metering.AccountID   `json:"seller"`
	Region    metering.Region      `json:"region"`
	Product   metering.ProductCode `json:"product,omitempty"`
	License   metering.LicenseARN  `json:"licenseArn,omitempty"`
	Buyer     metering.AccountID   `json:"buyer,omitempty"`
	Customer  metering.CustomerID  `json:"customer,omitempty"`
	Resource  metering.Resource    `json:"resource,omitempty"`
	Dimension metering.Dimension   `json:"dimension"`
	Records   uint64               `json:"records"`
	Quantity  int64                `json:"quantity"`
}

// CheckMonth refuses what is no month; empty is the one that it is now.
func CheckMonth(month string) error {
	if month == "" {
		return nil
	}
	_, _, err := retention.Month(month).Hours()
	return err
}

// Totals lists a month's totals; an empty month is the one that it is now by the
// service's clock.
func Totals(ctx context.Context, l *ledger.Ledger, month string) ([]Total, error) {
	if month == "" {
		month = l.Clock().Now().UTC().Format("2006-01")
	}
	totals, err := l.Totals(ctx, retention.Month(month))
	list := make([]Total, len(totals))
	market := l.Market()
	for i, t := range totals {
		list[i] = Total{
			Month: string(t.Month), Seller: t.Seller, Region: t.Region, Product: t.Product, License: t.License,
			Buyer: t.Buyer, Resource: t.Resource, Dimension: t.Dimension, Records: t.Records, Quantity: t.Quantity,
		}
		if buyer := market.Buyer(t.Buyer); buyer != nil {
			list[i].Customer = buyer.CustomerIdentifier
		}
	}
	return list, err
}

// TotalList is the answer of GET totals.
type TotalList struct {
	Totals []Total `json:"totals"`
}

func (a *Admin) totals(r *http.Request) (any, error) {
	query, err := queryOf(r, "month")
	if err != nil {
		return nil, err
	}
	if err := CheckMonth(query["month"]); err != nil {
		return nil, refuse(http.StatusBadRequest, "month: %v", err)
	}
	list, err := Totals(r.Context(), a.ledger, query["month"])
	return TotalList{list}, err
}
