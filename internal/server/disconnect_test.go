package server

import (
	"context"
	"net/http"
	"testing"

	"github.com/meterd/meterd/internal/store"
	"github.com/meterd/meterd/internal/store/memstore"
)

// TestAHalfSentRequestStoresNothing: a client is gone before it has said all.
func TestAHalfSentRequestStoresNothing(t *testing.T) {
	s := open(t, wideMarket())
	handled := make(chan struct{})
	server := listen(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.ServeHTTP(w, r)
		handled <- struct{}{}
	}))
	raw := call{op: "BatchMeterUsage", body: batchBody}.raw(t)
	for _, cut := range []int{1, len(batchBody) / 2, len(batchBody)} {
		c := server.dial(t)
		if _, err := c.Write([]byte(raw[:len(raw)-cut])); err != nil {
			t.Fatal(err)
		}
		c.Close()
		<-handled
		if records, entries := s.records(t), s.entries(t); len(records)+len(entries) > 0 {
			t.Errorf("%d bytes short: stored are %v and %v", cut, records, entries)
		}
	}
}

// TestAClientThatHangsUpIsStillStored: it has asked, and its retry finds the
// answer. The commit must not see that nobody waits any more.
func TestAClientThatHangsUpIsStillStored(t *testing.T) {
	over := &tampered{Store: memstore.New()}
	s := openOver(t, over, wideMarket())
	entered, handled := make(chan struct{}), make(chan struct{})
	over.commit = func(ctx context.Context, r *store.Request, next commit) error {
		close(entered)
		<-handled // and by now the client is gone
		return next(ctx, r)
	}
	answered := make(chan struct{})
	server := listen(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		go func() {
			<-r.Context().Done() // which net/http ends when the client hangs up
			close(handled)
		}()
		s.ServeHTTP(w, r)
		close(answered)
	}))
	raw := call{op: "BatchMeterUsage", body: batchBody}.raw(t)
	c := server.dial(t)
	c.say(raw)
	<-entered
	c.Close()
	<-answered

	over.commit = nil
	records := s.records(t)
	if len(records) != 1 || records[0].Quantity != 7 || len(s.entries(t)) != 1 {
		t.Fatalf("stored is %+v", records)
	}
	a := s.do(t, raw)
	if ids := idsIn(a.body); len(ids) != 1 || ids[0] != records[0].ID.String() {
		t.Errorf("the retry gets %s, want the record %s", a.body, records[0].ID)
	}
}
