package client

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/meterd/meterd/api"
)

// faulty stands before the service and spoils its first answers on a real
// connection.
func faulty(t *testing.T, service http.Handler, spoilt int32, spoil func(w http.ResponseWriter, r *http.Request)) Config {
	var count atomic.Int32
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if count.Add(1) <= spoilt {
			spoil(w, r)
			return
		}
		service.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	cfg := configOf(service)
	cfg.Endpoint, cfg.HTTPClient, cfg.Retryer = front.URL+"/base/path", front.Client(), impatient()
	return cfg
}

func hangUp(w http.ResponseWriter, reset bool) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	if tcp, ok := conn.(*net.TCPConn); ok && reset {
		tcp.SetLinger(0)
	}
	conn.Close()
}

func TestConnectionsThatBreak(t *testing.T) {
	service := newService(t)
	commit := func(r *http.Request) *httptest.ResponseRecorder {
		recorder := httptest.NewRecorder()
		service.ServeHTTP(recorder, r)
		return recorder
	}
	for name, spoil := range map[string]http.HandlerFunc{
		"closed before the commit": func(w http.ResponseWriter, r *http.Request) { hangUp(w, false) },
		"reset before the commit":  func(w http.ResponseWriter, r *http.Request) { hangUp(w, true) },
		"closed after the commit":  func(w http.ResponseWriter, r *http.Request) { commit(r); hangUp(w, false) },
		"reset after the commit":   func(w http.ResponseWriter, r *http.Request) { commit(r); hangUp(w, true) },
		"closed in the answer": func(w http.ResponseWriter, r *http.Request) {
			answer := commit(r)
			w.Header().Set("Content-Length", "10000")
			w.Write(answer.Body.Bytes())
			panic(http.ErrAbortHandler)
		},
	} {
		t.Run(name, func(t *testing.T) {
			if err := service.ledger.Reset(t.Context(), market(service.clock.Now())); err != nil {
				t.Fatal(err)
			}
			c := newClient(t, faulty(t, service, 2, spoil))
			result, err := c.BatchMeterUsage(t.Context(), batchOf(usage(7)))
			if err != nil || result.Results[0].Status != api.Success {
				t.Fatalf("%+v, %v", result, err)
			}
			if got := service.quantities(t); len(got) != 1 {
				t.Errorf("the ledger has %v", got)
			}
			_, err = newClient(t, faulty(t, service, 99, spoil)).BatchMeterUsage(t.Context(), batchOf(usage(7)))
			if failure, ok := errors.AsType[*Error](err); !ok || !failure.OutcomeUnknown || failure.Attempts != 3 || failure.API != nil {
				t.Errorf("broken for good: %+v", err)
			}
		})
	}
}

// What never found a listener was certainly not carried out.
func TestNobodyThere(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	for _, endpoint := range []string{"http://" + listener.Addr().String(), "http://meterd.invalid"} {
		cfg := configOf(nil)
		cfg.Endpoint, cfg.HTTPClient, cfg.Retryer = endpoint, nil, impatient()
		err = register(t.Context(), newClient(t, cfg))
		failure, ok := errors.AsType[*Error](err)
		if !ok || failure.OutcomeUnknown || failure.Explanation().Name != explainConnection {
			t.Errorf("%s: %+v", endpoint, err)
		}
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("the redirect was followed: %s, Authorization %q", r.Method, r.Header.Get("Authorization"))
	}))
	defer elsewhere.Close()
	given := &http.Client{}
	cfg := faulty(t, newService(t), 99, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
	})
	cfg.HTTPClient = given
	err := register(t.Context(), newClient(t, cfg))
	if failure, ok := errors.AsType[*Error](err); !ok || failure.Explanation().Name != explainRedirect || failure.Attempts != 1 {
		t.Errorf("%v", err)
	}
	if given.CheckRedirect != nil {
		t.Error("the caller's http.Client was changed")
	}
}
