package ledger

import (
	"context"
	"time"

	"github.com/meterd/meterd/internal/audit"
	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/metering"
	"github.com/meterd/meterd/internal/store"
)

// RegisterUsage is what a starting container asks.
type RegisterUsage struct {
	Product          metering.ProductCode
	PublicKeyVersion int64
	// Nonce is nil when the caller sent none.
	Nonce *string
}

// Registration is the answer to it.
type Registration struct {
	// Signature is a JWT.
	Signature string
	// RotatedAt is when the requested key version was replaced; zero while it
	// is in force.
	RotatedAt time.Time
}

// RegisterUsage admits a container and signs the answer with the product's key,
// anew each time it is asked (M0178).
func (l *Ledger) RegisterUsage(ctx context.Context, call Call, r RegisterUsage) (Registration, error) {
	entry := call.entry("RegisterUsage")
	entry.Register = &audit.Register{ProductCode: string(r.Product), PublicKeyVersion: r.PublicKeyVersion}
	if r.Nonce != nil {
		entry.Register.Nonce = *r.Nonce
	}
	admission, key, refusal := call.Market.RegisterUsage(call.Principal, call.Region, r.Product, r.PublicKeyVersion, call.At)
	if refusal != nil {
		return Registration{}, l.refuse(ctx, call, entry, refusal)
	}
	registration, err := l.admit(ctx, call, admission)
	if err != nil {
		return Registration{}, l.refuseOrFail(ctx, call, entry, err)
	}
	signer, err := l.signer(ctx, r.Product, key)
	if err != nil {
		return Registration{}, err
	}
	signature, err := signer.sign(r, call.At)
	if err != nil {
		return Registration{}, err
	}
	if err := l.record(ctx, call, entry, &store.Request{Facts: registration}); err != nil {
		return Registration{}, err
	}
	answer := Registration{Signature: signature}
	if !key.RotatedAt.IsZero() && !key.RotatedAt.After(call.At) {
		answer.RotatedAt = key.RotatedAt // M0175
	}
	return answer, nil
}

// admit asks whether the caller may run the product, and returns the facts
// that remember it. M0158: a container is asked once; from then on its task or
// pod is known, even if the agreement ends.
func (l *Ledger) admit(ctx context.Context, call Call, a marketplace.Admission) ([]store.Fact, error) {
	if !call.Principal.Platform.Container() {
		if !a.Entitled {
			return nil, a.RefuseEntitlement(call.Principal)
		}
		return nil, nil
	}
	facts := []store.Fact{{Key: store.Key{Kind: store.Registration}, Timestamp: call.At.UnixMilli()}}
	names := []string{scope(call.Market, a.Product.Seller, call.Region), string(a.Product.Code), string(call.Principal.Resource), ""}
	if err := l.nameKeys(ctx, names, facts); err != nil {
		return nil, err
	}
	if a.Entitled {
		return facts, nil
	}
	_, registered, err := l.store.Lookup(ctx, facts[0].Key)
	if err != nil {
		return nil, err
	}
	if !registered {
		return nil, a.RefuseEntitlement(call.Principal)
	}
	return nil, nil
}
