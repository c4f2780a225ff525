package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/binary"

	"github.com/meterd/meterd/internal/audit"
	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/metering"
	"github.com/meterd/meterd/internal/store"
)

// MeterUsage tells the usage of a running product and returns its record's id,
// which is zero for a dry run: M0161, that is judged and not told.
func (l *Ledger) MeterUsage(ctx context.Context, call Call, u metering.MeterUsage) (RecordID, error) {
	if !call.Market.Profile.ClientTokens {
		u.ClientToken = ""
	}
	entry := call.entry("MeterUsage")
	entry.Meter = meterEntry(u)
	admission, refusal := call.Market.MeterUsage(call.Principal, call.Region, u, call.At)
	if refusal != nil {
		return RecordID{}, l.refuse(ctx, call, entry, refusal)
	}
	registration, err := l.admit(ctx, call, admission)
	if err != nil {
		return RecordID{}, l.refuseOrFail(ctx, call, entry, err)
	}
	if u.DryRun {
		return RecordID{}, l.record(ctx, call, entry, &store.Request{})
	}
	facts, err := l.meterFacts(ctx, call, u, admission, registration)
	if err != nil {
		return RecordID{}, err
	}
	request := store.Request{Facts: facts, Guarded: u.ClientToken != ""}
	if err := l.record(ctx, call, entry, &request); err != nil {
		return RecordID{}, err
	}
	return l.meterVerdict(u, &request)
}

// meterFacts makes the facts of a call: the token, which guards the others,
// the registration of a container, and last the usage itself.
func (l *Ledger) meterFacts(ctx context.Context, call Call, u metering.MeterUsage, a marketplace.Admission, registration []store.Fact) ([]store.Fact, error) {
	facts := make([]store.Fact, 0, 3)
	usage := store.Fact{
		Key:       store.Key{Kind: store.UsageByResource, Hour: store.Hour(metering.HourOf(u.Timestamp))}, // M0150
		Quantity:  u.Quantity,
		Detail:    metering.AppendCanonical(nil, u.Allocations),
		Timestamp: u.Timestamp.UnixMilli(),
	}
	if u.ClientToken != "" {
		token, err := l.tokenFact(ctx, call, u)
		if err != nil {
			return nil, err
		}
		facts = append(facts, token)
		if call.Principal.Platform == marketplace.AgentCore {
			// M0154: an agent tells many records in an hour, one per token.
			usage.Key.Tail = token.Key.Tail
		}
	}
	facts = append(facts, registration...)
	facts = append(facts, usage)
	names := []string{scope(call.Market, a.Product.Seller, call.Region), string(u.Product), string(call.Principal.Resource), string(u.Dimension)}
	return facts, l.nameKeys(ctx, names, facts[len(facts)-1:])
}

// tokenFact is M0153: within an account and Region, a token stands for one
// set of parameters until its life is over.
func (l *Ledger) tokenFact(ctx context.Context, call Call, u metering.MeterUsage) (store.Fact, error) {
	digest := sha256.Sum256([]byte(u.ClientToken))
	token := store.Fact{
		Key:    store.Key{Kind: store.ClientToken},
		Detail: parameterDigest(call.Principal.Resource, u),
		Until:  call.At.Add(call.Market.Profile.ClientTokenLife).UnixMilli(),
	}
	copy(token.Key.Tail[:], digest[:])
	facts := []store.Fact{token}
	err := l.nameKeys(ctx, []string{string(call.Principal.Account) + "/" + string(call.Region), "", "", ""}, facts)
	return facts[0], err
}

// parameterDigest is of all that makes two calls the same one: a token that
// comes from another resource is used for another call.
func parameterDigest(resource metering.Resource, u metering.MeterUsage) []byte {
	h := sha256.New()
	for _, s := range []string{string(resource), string(u.Product), string(u.Dimension)} {
		h.Write(binary.AppendUvarint(nil, uint64(len(s))))
		h.Write([]byte(s))
	}
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(u.Timestamp.UnixMilli())))
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(u.Quantity)))
	h.Write(metering.AppendCanonical(nil, u.Allocations))
	return h.Sum(nil)[:16]
}

func (l *Ledger) meterVerdict(u metering.MeterUsage, r *store.Request) (RecordID, error) {
	if r.Guarded && r.Decisions[0].Outcome == store.Conflict {
		return RecordID{}, metering.Refuse(metering.RuleTokenReused, "ClientToken %q was sent before with other parameters; make a new one for each call and keep it for retries only.", u.ClientToken)
	}
	last := len(r.Facts) - 1
	switch decision := r.Decisions[last]; decision.Outcome {
	case store.Created, store.Same: // M0151
		return l.ids.of(r.Facts[last].Key), nil
	case store.Conflict: // M0152
		return RecordID{}, metering.Refuse(metering.RuleDuplicateRequest, "usageDimension: %s, hour of %s: quantity %d stands, or other allocations; usage of an hour can be told once.", u.Dimension, metering.ShowTime(u.Timestamp), decision.Quantity)
	default:
		return RecordID{}, errFaulted
	}
}

func meterEntry(u metering.MeterUsage) *audit.Meter {
	return &audit.Meter{
		ProductCode: string(u.Product),
		Timestamp:   u.Timestamp.UnixMilli(),
		Dimension:   string(u.Dimension),
		Quantity:    u.Quantity,
		Allocations: metering.AppendCanonical(nil, u.Allocations),
		DryRun:      u.DryRun,
		ClientToken: u.ClientToken,
	}
}
