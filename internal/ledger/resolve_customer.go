package ledger

import (
	"context"

	"github.com/meterd/meterd/internal/audit"
	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/store"
)

// ResolveCustomer tells the caller which buyer a registration token stands for.
func (l *Ledger) ResolveCustomer(ctx context.Context, call Call, token string) (marketplace.Customer, error) {
	entry := call.entry("ResolveCustomer")
	customer, refusal := call.Market.ResolveCustomer(call.Principal.Account, call.Region, token, call.At)
	if refusal != nil {
		return marketplace.Customer{}, l.refuse(ctx, call, entry, refusal)
	}
	entry.Resolve = &audit.Resolve{
		ProductCode: string(customer.Product),
		Customer:    string(customer.Customer),
		Account:     string(customer.Account),
		License:     string(customer.License),
	}
	return customer, l.record(ctx, call, entry, &store.Request{})
}
