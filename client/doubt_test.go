package client

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"

	"github.com/meterd/meterd/api"
	"github.com/meterd/meterd/internal/marketplace"
)

// A lost answer may have accepted a record that is refused by now, but not one
// that could not be accepted then either.
func TestARefusalAfterALostAnswer(t *testing.T) {
	for name, want := range map[api.ExceptionName]Outcome{
		api.TimestampOutOfBoundsException:  Unknown, // its time has run out
		api.InvalidLicenseException:        Unknown, // its licence has
		api.InvalidUsageDimensionException: Refused,
	} {
		synctest.Test(t, func(t *testing.T) {
			c := newClient(t, configOf(&script{steps: []http.HandlerFunc{cut, sayError(400, name)}}))
			verdicts, err := c.SubmitAll(t.Context(), new("saas"), []api.UsageRecord{usage(7)})
			if verdicts[0].Outcome != want || (err == nil) != (want == Refused) || !Is(verdicts[0].Err, name) {
				t.Errorf("%s: %+v, %v; want %s", name, verdicts[0], err, want)
			}
		})
	}
}

// The same goes for a buyer who has left since.
func TestADepartureAfterALostAnswer(t *testing.T) {
	midMonth(t, func(t *testing.T) {
		s := newService(t)
		accepted := func(w http.ResponseWriter, r *http.Request) {
			s.ServeHTTP(httptest.NewRecorder(), r)
			left := market(s.clock.Now())
			left.Buyers[0].Agreements[0].Status = marketplace.Suspended
			if _, err := s.ledger.Apply(t.Context(), left); err != nil {
				t.Error(err)
			}
			cut(w, r)
		}
		records := []api.UsageRecord{usage(7)}
		verdicts, err := newClient(t, configOf(&script{steps: []http.HandlerFunc{accepted, s.ServeHTTP}})).SubmitAll(t.Context(), new("saas"), records)
		if err != nil || verdicts[0].Status != api.CustomerNotSubscribed || !verdicts[0].InDoubt || len(s.quantities(t)) != 1 {
			t.Errorf("%+v, %v", verdicts[0], err)
		}
		// Without an attempt in doubt the answer is plain.
		verdicts, err = newClient(t, configOf(&script{steps: []http.HandlerFunc{s.ServeHTTP}})).SubmitAll(t.Context(), new("saas"), records)
		if err != nil || verdicts[0].Status != api.CustomerNotSubscribed || verdicts[0].InDoubt {
			t.Errorf("%+v, %v", verdicts[0], err)
		}
	})
}
