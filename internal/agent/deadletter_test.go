package agent

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meterd/meterd/internal/marketplace"
)

// decide posts a decision about a dead letter.
func (w *world) decide(t *testing.T, record, action, body string) (status int, decided Decided, text string) {
	t.Helper()
	status, text = w.call(t, "POST", "/v1/dead-letters/"+record+"/"+action, "application/json", body)
	if status == http.StatusOK {
		if err := json.Unmarshal([]byte(text), &decided); err != nil {
			t.Fatal(err)
		}
	}
	return status, decided, text
}

const mended = `{"who":"ada","why":"it is mended"}`

// TestRefusedRecord waits as a dead letter until its customer subscribes, and is
// then sent again.
func TestRefusedRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.post(t, `{"id":"e1","customer":"cust-pending","dimension":"users","quantity":5}`)
	w.moveTo(t, noon.Add(time.Hour+time.Minute))
	w.records(t, 1)
	letters := get[listed](t, w, "/v1/dead-letters").Records
	if len(letters) != 1 || letters[0].Cause != "CustomerNotSubscribed" || letters[0].Amount != 5 || letters[0].Detail == "" {
		t.Fatalf("%+v", letters)
	}
	state := market()
	state.Buyers[1].Agreements[0].Status = marketplace.Active
	if _, err := w.ledger.Apply(t.Context(), state); err != nil {
		t.Fatal(err)
	}
	status, decided, text := w.decide(t, letters[0].ID, "redrive", mended)
	if status != http.StatusOK || decided.Action != "resend" {
		t.Fatalf("%d %s", status, text)
	}
	if r := w.records(t, 1)[0]; r.State != "done" || r.Attempts != 2 {
		t.Errorf("%+v", r)
	}
	if diff := cmp.Diff(map[string]int64{"12 333344445555 users": 5}, w.accepted(t)); diff != "" {
		t.Errorf("the service has (-want +got): %s", diff)
	}
	if status, _, text := w.decide(t, letters[0].ID, "redrive", mended); status != http.StatusConflict || !strings.Contains(text, "it is done") {
		t.Errorf("a second redrive: %d %s", status, text)
	}
}

func TestDiscarded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.post(t, `{"id":"e1","customer":"cust-pending","dimension":"users","quantity":5}`)
	w.moveTo(t, noon.Add(time.Hour+time.Minute))
	id := w.records(t, 1)[0].ID
	if status, decided, text := w.decide(t, id, "discard", mended); status != http.StatusOK || decided.Record.State != "discarded" {
		t.Fatalf("%d %s", status, text)
	}
	if letters := get[listed](t, w, "/v1/dead-letters").Records; len(letters) != 0 {
		t.Errorf("%+v", letters)
	}
	if s := get[Status](t, w, "/v1/status"); s.Totals.Discarded != 5 {
		t.Errorf("%+v", s)
	}
}

// TestExpired has a service that is away for a day. What was sent without an
// answer is billed with a later hour only if a person has looked.
func TestExpired(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.breakWith(refusing(500, "InternalServiceErrorException"))
	w.post(t, `{"id":"e1","customer":"cust-1","dimension":"users","quantity":5}`)
	w.moveTo(t, noon.Add(time.Hour+time.Minute))
	w.eventually(t, "the record is sent", func() bool { return len(w.calls()) > 0 })
	w.moveTo(t, noon.Add(25*time.Hour))
	r := w.records(t, 1)[0]
	if r.Cause != "expired" || !strings.Contains(r.Detail, "may have been billed") {
		t.Fatalf("%+v", r)
	}
	if status, _, text := w.decide(t, r.ID, "redrive", mended); status != http.StatusConflict || !strings.Contains(text, "confirm") {
		t.Errorf("a redrive without confirmation: %d %s", status, text)
	}
	w.eventually(t, "nothing is in trouble any more", func() bool { return len(get[Status](t, w, "/v1/status").Services[0].Resting) == 0 })
	w.breakWith(nil)
	status, decided, text := w.decide(t, r.ID, "redrive", `{"who":"ada","why":"not in CloudTrail","confirm":true}`)
	if status != http.StatusOK || decided.Action != "carry" {
		t.Fatalf("%d %s", status, text)
	}
	w.moveTo(t, noon.Add(27*time.Hour))
	w.eventually(t, "it is billed with a later hour", func() bool { return w.accepted(t)["13 222233334444 users"] == 5 })
}
