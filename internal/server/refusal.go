package server

import (
	"fmt"
	"net/http"

	"github.com/meterd/meterd/api"
	"github.com/meterd/meterd/internal/metering"
)

// exceptions says which exception a rule's refusal is. Texts and statuses are
// in api.Exceptions.
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

// modelled indexes api.Exceptions by name.
var modelled = func() map[api.ExceptionName]api.Exception {
	index := map[api.ExceptionName]api.Exception{}
	for _, e := range api.Exceptions {
		index[e.Name] = e
	}
	return index
}()

// refusalError is the exception of a refusal: the exception's general text
// and, behind it, what exactly was wrong (M0193). Texts that were seen on the
// real service stay as they were seen.
func refusalError(r *metering.Refusal, explain bool) *api.Error {
	name := exceptions[r.Rule]
	if name == api.ValidationException {
		return &api.Error{Name: name, Message: "1 validation error detected: " + r.Detail, Status: http.StatusBadRequest}
	}
	e := modelled[name]
	message := e.Text
	if explain && !e.Observed {
		message += " " + r.Detail
	}
	return &api.Error{Name: name, Message: message, Status: e.Status}
}

// Refusals of the front door itself, in JSON as all others are (M0022).
var (
	errInternal  = plain(api.InternalServiceErrorException)
	errThrottled = plain(api.ThrottlingException)

	errTooLarge = &api.Error{
		Name:    api.RequestEntityTooLargeException, // M0003
		Message: fmt.Sprintf("The request must be smaller than %d bytes; send fewer records or allocations.", api.RequestBytesLimit),
		Status:  http.StatusRequestEntityTooLarge,
	}
	errTooManyHeaders = &api.Error{
		Name:    api.RequestHeaderFieldsTooLargeException,
		Message: fmt.Sprintf("The request has more than %d header fields.", headersMax),
		Status:  http.StatusRequestHeaderFieldsTooLarge,
	}
	// M0036: with this name and status the SDKs try again.
	errBodyTimeout = &api.Error{Name: api.RequestTimeoutException, Message: "The body did not arrive in time.", Status: http.StatusBadRequest}
	errBodyCut     = &api.Error{Name: api.SerializationException, Status: http.StatusBadRequest}
	errBusy        = &api.Error{Name: api.ServiceUnavailableException, Message: "Too many requests are under way; try again.", Status: http.StatusServiceUnavailable}
)

func plain(name api.ExceptionName) *api.Error {
	e := modelled[name]
	return &api.Error{Name: name, Message: e.Text, Status: e.Status}
}
