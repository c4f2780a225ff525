package scripts

import (
	"context"
	"errors"
	"testing"

	"github.com/meterd/meterd/api"
	"github.com/meterd/meterd/internal/ledger"
	"github.com/meterd/meterd/internal/metering"
	"github.com/meterd/meterd/internal/store"
)

// ledgerMount calls the ledger itself. What lies before it at the service's
// front door is not in the way: signatures, the model's limits, permissions.
type ledgerMount struct {
	*service
	// refused is told of every rule that refuses; may be nil.
	refused func(metering.Rule)
}

func openLedger(t *testing.T, s store.Store) *ledgerMount {
	return &ledgerMount{service: openService(t, s)}
}

// exceptions says what a rule's refusal is called by callers. The ledger does
// not know, and the table of the front door is held against this one by the
// scripts that are played at both.
var exceptions = map[metering.Rule]api.ExceptionName{
	metering.RuleRegionDisabled:     api.DisabledApiException,
	metering.RuleProductUnknown:     api.InvalidProductCodeException,
	metering.RuleProductMissing:     api.InvalidProductCodeException,
	metering.RuleProductKind:        api.InvalidProductCodeException,
	metering.RuleLicenseInvalid:     api.InvalidLicenseException,
	metering.RuleLicenseNotStarted:  api.InvalidLicenseException,
	metering.RuleDimensionUnknown:   api.InvalidUsageDimensionException,
	metering.RuleTagInvalid:         api.InvalidTagException,
	metering.RuleAllocationsInvalid: api.InvalidUsageAllocationsException,
	metering.RuleTimestampTooOld:    api.TimestampOutOfBoundsException,
	metering.RuleMonthClosed:        api.TimestampOutOfBoundsException,
	metering.RuleTimestampInFuture:  api.TimestampOutOfBoundsException,
	metering.RuleCustomerUnknown:    api.InvalidCustomerIdentifierException,
	metering.RuleCustomerAmbiguous:  api.InvalidCustomerIdentifierException,
	metering.RuleNotEntitled:        api.CustomerNotEntitledException,
	metering.RuleCredentialKind:     api.CustomerNotEntitledException,
	metering.RuleEndpointRegion:     api.InvalidEndpointRegionException,
	metering.RuleDuplicateRequest:   api.DuplicateRequestException,
	metering.RuleTokenReused:        api.IdempotencyConflictException,
	metering.RuleTokenRequired:      api.ValidationException,
	metering.RulePlatform:           api.PlatformNotSupportedException,
	metering.RuleRegisterRegion:     api.InvalidRegionException,
	metering.RulePublicKeyVersion:   api.InvalidPublicKeyVersionException,
	metering.RuleTokenUnknown:       api.InvalidTokenException,
	metering.RuleTokenExpired:       api.ExpiredTokenException,
}

func (m *ledgerMount) call(c caller) ledger.Call {
	call := m.ledger.Begin()
	call.Principal, call.Region, call.RequestID = c.Principal, c.region, "script"
	return call
}

// answer turns the ledger's no into the words of the front door.
func (m *ledgerMount) answer(err error) error {
	var refusal *metering.Refusal
	if !errors.As(err, &refusal) {
		return &api.Error{Name: api.InternalServiceErrorException, Message: err.Error(), Status: 500}
	}
	if m.refused != nil {
		m.refused(refusal.Rule)
	}
	name := exceptions[refusal.Rule]
	if e, ok := modelled(name); ok {
		return &api.Error{Name: name, Message: e.Text + " " + refusal.Detail, Status: e.Status}
	}
	return &api.Error{Name: name, Message: refusal.Detail, Status: 400}
}

func modelled(name api.ExceptionName) (api.Exception, bool) {
	for _, e := range api.Exceptions {
		if e.Name == name {
			return e, true
		}
	}
	return api.Exception{}, false
}

func (m *ledgerMount) setThrottle(string) error {
	return errors.New(`only the front door throttles; mark the story "only http"`)
}

func (m *ledgerMount) batchMeterUsage(ctx context.Context, c caller, r *api.BatchMeterUsageRequest) (*api.BatchMeterUsageResult, error) {
	call := m.call(c)
	batch := metering.Batch{Product: metering.ProductCode(value(r.ProductCode))}
	for _, u := range r.UsageRecords {
		batch.Usages = append(batch.Usages, metering.Usage{
			Timestamp:   *u.Timestamp,
			Dimension:   metering.Dimension(*u.Dimension),
			Customer:    metering.CustomerID(value(u.CustomerIdentifier)),
			Account:     metering.AccountID(value(u.CustomerAWSAccountId)),
			License:     metering.LicenseARN(value(u.LicenseArn)),
			Quantity:    value(u.Quantity),
			Allocations: allocationsOf(u.UsageAllocations),
		})
	}
	verdicts, err := m.ledger.BatchMeterUsage(ctx, call, batch)
	if err != nil {
		return nil, m.answer(err)
	}
	result := new(api.BatchMeterUsageResult)
	for i, v := range verdicts {
		echo := known(&call.Market.Profile, r.UsageRecords[i])
		if v.Unprocessed {
			result.UnprocessedRecords = append(result.UnprocessedRecords, echo)
			continue
		}
		result.Results = append(result.Results, api.UsageRecordResult{
			UsageRecord: echo, MeteringRecordId: idText(v.ID), Status: api.UsageRecordResultStatus(v.Status),
		})
	}
	return result, nil
}

func (m *ledgerMount) meterUsage(ctx context.Context, c caller, r *api.MeterUsageRequest) (*api.MeterUsageResult, error) {
	id, err := m.ledger.MeterUsage(ctx, m.call(c), metering.MeterUsage{
		Product:     metering.ProductCode(*r.ProductCode),
		Timestamp:   *r.Timestamp,
		Dimension:   metering.Dimension(*r.UsageDimension),
		Quantity:    value(r.UsageQuantity),
		Allocations: allocationsOf(r.UsageAllocations),
		DryRun:      value(r.DryRun),
		ClientToken: value(r.ClientToken),
	})
	if err != nil {
		return nil, m.answer(err)
	}
	return &api.MeterUsageResult{MeteringRecordId: idText(id)}, nil
}

func (m *ledgerMount) registerUsage(ctx context.Context, c caller, r *api.RegisterUsageRequest) (*api.RegisterUsageResult, error) {
	registration, err := m.ledger.RegisterUsage(ctx, m.call(c), ledger.RegisterUsage{
		Product: metering.ProductCode(*r.ProductCode), PublicKeyVersion: *r.PublicKeyVersion, Nonce: r.Nonce,
	})
	if err != nil {
		return nil, m.answer(err)
	}
	result := &api.RegisterUsageResult{Signature: registration.Signature}
	if !registration.RotatedAt.IsZero() {
		result.PublicKeyRotationTimestamp = &registration.RotatedAt
	}
	return result, nil
}

func (m *ledgerMount) resolveCustomer(ctx context.Context, c caller, r *api.ResolveCustomerRequest) (*api.ResolveCustomerResult, error) {
	customer, err := m.ledger.ResolveCustomer(ctx, m.call(c), *r.RegistrationToken)
	if err != nil {
		return nil, m.answer(err)
	}
	return &api.ResolveCustomerResult{
		CustomerIdentifier:   string(customer.Customer),
		ProductCode:          string(customer.Product),
		CustomerAWSAccountId: string(customer.Account),
		LicenseArn:           string(customer.License),
	}, nil
}

func allocationsOf(list []api.UsageAllocation) []metering.Allocation {
	if list == nil {
		return nil
	}
	allocations := make([]metering.Allocation, len(list))
	for i, a := range list {
		allocations[i].Quantity = *a.AllocatedUsageQuantity
		if a.Tags != nil {
			allocations[i].Tags = []metering.Tag{}
		}
		for _, tag := range a.Tags {
			allocations[i].Tags = append(allocations[i].Tags, metering.Tag{Key: *tag.Key, Value: *tag.Value})
		}
	}
	return allocations
}

func idText(id ledger.RecordID) string {
	if id == (ledger.RecordID{}) {
		return ""
	}
	return id.String()
}

func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}
