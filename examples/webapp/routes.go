package main

import (
	"encoding/json"
	"log"
	"net/http"

	"github.com/meterd/meterd/recorder"
)

// customers are found by their API key, which stands for however an application
// knows who is calling. The names come from the landing page (examples/landing).
var customers = map[string]recorder.Customer{
	"key-of-the-buyer": {Identifier: "cust-active"},
}

// app is the application with its recorder.
type app struct{ recorder *recorder.Recorder }

func routes(rec *recorder.Recorder) http.Handler {
	a := app{rec}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /export", a.export)
	mux.HandleFunc("POST /users/{name}", a.addUser)
	mux.HandleFunc("POST /cancelled", a.cancelled)
	mux.HandleFunc("GET /metering", a.metering)
	return mux
}

func customerOf(w http.ResponseWriter, r *http.Request) (recorder.Customer, bool) {
	customer, ok := customers[r.Header.Get("X-Api-Key")]
	if !ok {
		http.Error(w, "no such API key", http.StatusUnauthorized)
	}
	return customer, ok
}

// export is called often, so it is counted at the level of interval: a process
// that is killed loses the last second of it.
func (a app) export(w http.ResponseWriter, r *http.Request) {
	customer, ok := customerOf(w, r)
	if !ok {
		return
	}
	// The export itself would be made here.
	if err := a.recorder.Add(r.Context(), customer, "gb", 1); err != nil {
		log.Print("usage not counted: ", err) // the program is ending, or a name is wrong
	}
}

// addUser is expensive and may be repeated by the browser, so it is durable
// before the answer, and counted once for each name.
func (a app) addUser(w http.ResponseWriter, r *http.Request) {
	customer, ok := customerOf(w, r)
	if !ok {
		return
	}
	err := a.recorder.AddEvent(r.Context(), recorder.Event{
		ID: "user/" + customer.String() + "/" + r.PathValue("name"), Customer: customer, Dimension: "users", Quantity: 1,
	})
	if err != nil {
		log.Print("user not added: ", err)
		http.Error(w, "try again", http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusCreated)
}

// cancelled stands for the notice from AWS that a customer is about to leave:
// the last usage is told at once, because it is taken for an hour only.
func (a app) cancelled(w http.ResponseWriter, r *http.Request) {
	customer, ok := customerOf(w, r)
	if !ok {
		return
	}
	if err := a.recorder.CloseCustomer(r.Context(), customer); err != nil {
		log.Print("last usage not told yet: ", err)
		http.Error(w, "try again", http.StatusServiceUnavailable)
	}
}

// metering is for the monitoring of the application.
func (a app) metering(w http.ResponseWriter, r *http.Request) {
	status, err := a.recorder.Status(r.Context())
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	code := http.StatusOK
	if status.FlushError != "" || len(status.Refused) > 0 || status.DeadLetters > 0 {
		code = http.StatusInternalServerError // somebody has to look
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	if err := json.NewEncoder(w).Encode(status); err != nil {
		log.Print(err)
	}
}
