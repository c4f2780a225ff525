package client

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/meterd/meterd/api"
)

// Names of the fields that AWS Marketplace has a buyer's browser post.
const (
	tokenField     = "x-amzn-marketplace-token"
	offerTypeField = "x-amzn-marketplace-offer-type"
	agreementField = "x-amzn-marketplace-agreement-id"
)

// Resolver is what the landing page needs of a [Client].
type Resolver interface {
	ResolveCustomer(context.Context, *api.ResolveCustomerRequest) (*api.ResolveCustomerResult, error)
}

// Customer is a buyer that came from AWS Marketplace to set up an account.
type Customer struct {
	// Keep these with the account: usage is told with them. A buyer that comes
	// back brings the same ones.
	api.ResolveCustomerResult
	// OfferType is "free-trial" for free trials, and empty otherwise.
	OfferType string
	// AgreementID may be empty.
	AgreementID string
}

// RegistrationOptions say how the landing page looks. The zero value will do.
type RegistrationOptions struct {
	// Product is the name that pages show; empty: "your purchase".
	Product string
	// Contact tells buyers where to turn, such as a mail address; may be empty.
	Contact string
	// Logger is told why somebody was turned away; nil: slog.Default(). A
	// token is never logged.
	Logger *slog.Logger
}

// RegistrationHandler is the page behind a SaaS product's registration URL. AWS
// Marketplace has the buyer's browser post a token to it. The handler resolves
// the token and hands the customer to welcome, which finds or makes the account
// and returns where the browser goes next; "" shows a page that says all is
// done. A buyer may come more than once: welcome must not mind.
//
// A receiver in front may instead redirect the browser here, as AWS's samples
// do, with the form in the query of a GET.
//
// Being resolved does not mean being subscribed: usage of a customer counts
// from the notice that the subscription is active.
func RegistrationHandler(resolver Resolver, welcome func(context.Context, Customer) (redirectURL string, err error), o RegistrationOptions) http.Handler {
	if o.Product == "" {
		o.Product = "your purchase"
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return &landing{resolver, welcome, o}
}

type landing struct {
	resolver Resolver
	welcome  func(context.Context, Customer) (string, error)
	RegistrationOptions
}

func (l *landing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost && r.Method != http.MethodGet {
		w.Header().Set("Allow", "GET, POST")
		l.show(w, http.StatusMethodNotAllowed, pageStart)
		return
	}
	field, err := fields(w, r)
	if err != nil {
		l.Logger.WarnContext(r.Context(), "registration form unreadable", "err", err)
		l.show(w, http.StatusBadRequest, pageStart)
		return
	}
	token := field(tokenField)
	if token == "" {
		l.show(w, http.StatusBadRequest, pageStart)
		return
	}
	resolved, err := l.resolver.ResolveCustomer(r.Context(), &api.ResolveCustomerRequest{RegistrationToken: &token})
	if err != nil {
		l.Logger.WarnContext(r.Context(), "registration token not resolved", "err", err)
		l.turnAway(w, err)
		return
	}
	next, err := l.welcome(r.Context(), Customer{*resolved, field(offerTypeField), field(agreementField)})
	if err != nil {
		l.Logger.ErrorContext(r.Context(), "customer not set up", "product", resolved.ProductCode, "account", resolved.CustomerAWSAccountId, "err", err)
		l.show(w, http.StatusInternalServerError, pageTrouble)
		return
	}
	if next == "" {
		l.show(w, http.StatusOK, pageDone)
		return
	}
	keepPrivate(w.Header())
	http.Redirect(w, r, next, http.StatusSeeOther) // a GET, whatever this was
}

// fields reads the form, which decodes each value exactly once. The body of a
// POST and the query of a GET are not mixed.
func fields(w http.ResponseWriter, r *http.Request) (func(string) string, error) {
	if r.Method == http.MethodGet {
		return r.URL.Query().Get, nil
	}
	r.Body = http.MaxBytesReader(w, r.Body, registrationBytesMax)
	if err := r.ParseForm(); err != nil {
		return nil, err
	}
	return r.PostForm.Get, nil
}

// turnAway tells the buyer what to do, which depends on whose fault it is, and
// no more than that.
func (l *landing) turnAway(w http.ResponseWriter, err error) {
	failure, _ := errors.AsType[*Error](err)
	expired := failure != nil && failure.Explanation().Name == string(api.ExpiredTokenException)
	switch {
	case expired:
		l.show(w, http.StatusBadRequest, pageExpired)
	case Is(err, api.InvalidTokenException), Is(err, api.ValidationException):
		l.show(w, http.StatusBadRequest, pageInvalid)
	default:
		l.show(w, http.StatusServiceUnavailable, pageTrouble)
	}
}
