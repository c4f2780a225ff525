package agent

import (
	"net/http"
	"time"

	"github.com/meterd/meterd/internal/metering"
	"github.com/meterd/meterd/internal/outbox"
)

// Customer is what the agent knows of a customer.
type Customer struct {
	Accounts []Account `json:"accounts"`
}

// Account is what is counted of one product and dimension of a customer.
type Account struct {
	Key
	Totals  Totals `json:"totals"`
	Pending int64  `json:"pending"`
	Dead    int64  `json:"deadLetters"`
	// Open are the hours that are not frozen.
	Open     []OpenHour `json:"open"`
	ClosedAt *time.Time `json:"closedAt,omitempty"`
}

// OpenHour is usage that has no record yet.
type OpenHour struct {
	Hour   time.Time `json:"hour"`
	Events int64     `json:"events"`
	Amount int64     `json:"amount"`
}

// Totals say where the amounts of acknowledged events are, in told units.
type Totals struct {
	Events    int64 `json:"events"`
	Told      int64 `json:"told"`
	Open      int64 `json:"open"`
	Credit    int64 `json:"credit"`
	Included  int64 `json:"included"`
	Pending   int64 `json:"pending"`
	Done      int64 `json:"done"`
	Dead      int64 `json:"dead"`
	Discarded int64 `json:"discarded"`
}

// customer tells what is counted of a customer.
func (a *Agent) customer(r *http.Request) (any, error) {
	product := metering.ProductCode(r.URL.Query().Get("product"))
	answer := Customer{Accounts: []Account{}}
	for _, c := range a.outbox.Customers(r.PathValue("id")) {
		for _, account := range a.outbox.Accounts(product, c) {
			answer.Accounts = append(answer.Accounts, accountView(&account))
		}
	}
	if len(answer.Accounts) == 0 {
		return nil, unknownCustomer(r)
	}
	return answer, nil
}

func unknownCustomer(r *http.Request) *problem {
	return refuse(http.StatusNotFound, "no usage was ever told of customer %q; give the name or account that events are told with", r.PathValue("id"))
}

func accountView(a *outbox.Account) Account {
	view := Account{Key: keyView(a.Key), Totals: Totals(a.Totals), Pending: a.Pending, Dead: a.Dead, Open: []OpenHour{}, ClosedAt: known(a.ClosedAt)}
	for _, h := range a.Open {
		view.Open = append(view.Open, OpenHour{h.Hour.Start(), h.Events, h.Amount})
	}
	return view
}

// closeRequest is the body of a close; an empty product means all.
type closeRequest struct {
	Product metering.ProductCode `json:"product"`
	License metering.LicenseARN  `json:"licenseArn"`
}

// Closed says what closing a customer has done.
type Closed struct {
	// Records is how many records are on their way because of it.
	Records int `json:"records"`
}

// closeCustomer freezes what is open and has it sent before anything else does
// its turn: M0126, after the end of an agreement there is one hour for it.
func (a *Agent) closeCustomer(r *http.Request) (any, error) {
	var request closeRequest
	if err := decodeBody(r, &request); err != nil {
		return nil, err
	}
	now, known := a.now()
	if !known {
		return nil, errNoTime
	}
	customers := a.outbox.Customers(r.PathValue("id"))
	if len(customers) == 0 {
		return nil, unknownCustomer(r)
	}
	var closed Closed
	for _, c := range customers {
		if request.License != "" && request.License != c.License {
			continue
		}
		n, err := a.outbox.CloseCustomer(r.Context(), request.Product, c, now)
		closed.Records += n
		if err != nil {
			return nil, err
		}
	}
	a.kick()
	return closed, nil
}
