// Package auth finds out who calls, and whether they may.
//
// A call proves itself with AWS Signature Version 4 or, from clients that
// cannot sign, with an API key. The room looks credentials up in a snapshot of
// the marketplace and answers in the words of AWS; it decides nothing about
// usage, reads no clock and writes nothing.
package auth

import (
	"crypto/subtle"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/metering"
	"github.com/meterd/meterd/internal/sigv4"
)

// Error is a refusal in AWS's words; all of them go with the status 400.
type Error struct{ Code, Message string }

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Authenticator checks who calls. It remembers derived signing keys and is safe
// for concurrent use.
type Authenticator struct {
	// SigningName is the service that a signature must be for.
	SigningName string

	keys sigv4.KeyCache
}

// Caller is who calls, and which Region's endpoint: the one that the signature
// is scoped to (M0040).
type Caller struct {
	marketplace.Principal
	CallRegion metering.Region
}

// Request is what there is to authenticate.
type Request struct {
	HTTP *http.Request
	Body []byte
	// APIKeys lets a caller prove itself by an API key, or by nothing if the
	// marketplace has an anonymous credential.
	APIKeys bool
	// At is the service's time.
	At time.Time
	// Machine is the machine's time where the service's clock was steered
	// away from it, else zero. Clients sign by their own clock and cannot
	// follow, so a signature may be of either time.
	Machine time.Time
}

// Authenticate returns who makes the request, or an *Error. M0051: a signature
// is judged in the order form, time, scope, access key, signature, end of the
// session.
func (a *Authenticator) Authenticate(r Request, market *marketplace.Market) (Caller, error) {
	signature, err := sigv4.Parse(r.HTTP)
	if r.APIKeys && (errors.Is(err, sigv4.ErrAbsent) || errors.Is(err, sigv4.ErrOtherScheme)) {
		return byAPIKey(r.HTTP.Header.Get("Authorization"), market)
	}
	if err != nil {
		return Caller{}, refusalOf(err)
	}
	if err := signature.CheckTime(r.At); err != nil {
		if r.Machine.IsZero() || signature.CheckTime(r.Machine) != nil {
			return Caller{}, refusalOf(err)
		}
	}
	known := func(region string) bool { return marketplace.RegionExists(metering.Region(region)) }
	if err := signature.CheckScope(a.SigningName, known); err != nil {
		return Caller{}, refusalOf(err)
	}
	principal, ok := market.ByAccessKey(signature.AccessKeyID)
	if !ok || subtle.ConstantTimeCompare([]byte(principal.SessionToken), []byte(signature.SessionToken)) == 0 {
		return Caller{}, errUnrecognized
	}
	if err := signature.Verify(&a.keys, principal.SecretAccessKey, r.HTTP, r.Body); err != nil {
		return Caller{}, refusalOf(err)
	}
	if !principal.ExpiresAt.IsZero() && !r.At.Before(principal.ExpiresAt) {
		// M0008: the name is also that of ResolveCustomer's own exception;
		// only the text tells them apart.
		return Caller{}, &Error{"ExpiredTokenException", "The security token included in the request is expired"}
	}
	return Caller{principal, metering.Region(strings.Clone(signature.Region))}, nil
}

// errUnrecognized does not tell an unknown key from a wrong session token
// (M0045).
var errUnrecognized = &Error{"UnrecognizedClientException", "The security token included in the request is invalid."}

// byAPIKey takes the header as it is, or without one word before the key, as
// in "Token abc" (M0054).
func byAPIKey(authorization string, market *marketplace.Market) (Caller, error) {
	if authorization == "" {
		if p, ok := market.Anonymous(); ok {
			return Caller{p, market.Settings.Region}, nil
		}
		return Caller{}, refusalOf(sigv4.ErrAbsent)
	}
	p, ok := market.ByAPIKey(authorization)
	if _, key, prefixed := strings.Cut(authorization, " "); !ok && prefixed {
		p, ok = market.ByAPIKey(key)
	}
	if !ok {
		return Caller{}, errUnrecognized
	}
	return Caller{p, market.Settings.Region}, nil
}

func refusalOf(err error) error {
	var refusal *sigv4.Error
	if errors.As(err, &refusal) {
		return &Error{refusal.Code, refusal.Message}
	}
	return err
}

// Authorize returns nil if the principal's policies allow an action such as
// aws-marketplace:MeterUsage, else AWS's AccessDeniedException (M0052).
func Authorize(p marketplace.Principal, action string) error {
	var why string
	switch p.May(action) {
	case marketplace.Allowed:
		return nil
	case marketplace.Denied:
		why = " with an explicit deny in an identity-based policy"
	default:
		why = " because no identity-based policy allows the " + action + " action"
	}
	return &Error{"AccessDeniedException", "User: " + p.ARN() + " is not authorized to perform: " + action + why}
}
