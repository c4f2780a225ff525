package server

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/meterd/meterd/internal/store"
	"github.com/meterd/meterd/internal/store/memstore"
)

// commit is the store's own.
type commit func(context.Context, *store.Request) error

// tampered is a store whose commits go through a hook, if one is set.
type tampered struct {
	store.Store
	commit func(context.Context, *store.Request, commit) error
}

func (s *tampered) Commit(ctx context.Context, r *store.Request) error {
	if s.commit == nil {
		return s.Store.Commit(ctx, r)
	}
	return s.commit(ctx, r, s.Store.Commit)
}

// faulting makes the facts of some places meet a fault.
func faulting(places ...int) func(context.Context, *store.Request, commit) error {
	return func(ctx context.Context, r *store.Request, next commit) error {
		sound := *r
		sound.Facts, sound.Decisions = nil, nil
		for i, fact := range r.Facts {
			if !slices.Contains(places, i) {
				sound.Facts = append(sound.Facts, fact)
			}
		}
		if err := next(ctx, &sound); err != nil {
			return err
		}
		r.CallID, r.Decisions = sound.CallID, sound.Decisions
		for _, i := range places {
			r.Decisions = slices.Insert(r.Decisions, i, store.Decision{Outcome: store.Faulted})
		}
		return nil
	}
}

const internalText = "An internal error has occurred. Retry your request. If the problem persists, post a message with details on the AWS forums."

// TestAStoreThatFailsIsAnInternalError: in both dialects, for calls that would
// be accepted and for calls that would be refused, as none may go unrecorded.
func TestAStoreThatFailsIsAnInternalError(t *testing.T) {
	for name, hook := range map[string]func(context.Context, *store.Request, commit) error{
		"error": func(context.Context, *store.Request, commit) error { return errors.New("disk full") },
		"panic": func(context.Context, *store.Request, commit) error { panic("disk full") },
	} {
		over := &tampered{Store: memstore.New()}
		s := openOver(t, over, wideMarket(), func(c *Config) { c.RequestsMax = 1 })
		over.commit = hook
		for call, raw := range map[string]string{
			"batch":   call{op: "BatchMeterUsage", body: batchBody}.raw(t),
			"meter":   call{op: "MeterUsage", body: meterBody, key: "AKIDTASK"}.raw(t),
			"resolve": call{op: "ResolveCustomer", body: resolveBody}.raw(t),
			"plain":   plainCall("ResolveCustomer", resolveBody),
			"refused": call{op: "ResolveCustomer", body: `{"RegistrationToken":"x"}`}.raw(t),
			"invalid": call{op: "ResolveCustomer", body: `{}`}.raw(t),
		} {
			s.log.Reset()
			a := s.do(t, raw)
			if a.status != 500 || a.body != exception("InternalServiceErrorException", internalText) || strings.HasPrefix(call, "plain") != (a.header["Content-Type"] == plainJSON) {
				t.Errorf("%s, %s: answer is %d %q %s", name, call, a.status, a.header, a.body)
			}
			if log := s.log.String(); !strings.Contains(log, "level=ERROR") || !strings.Contains(log, "disk full") || !strings.Contains(log, a.header["x-amzn-RequestId"]) {
				t.Errorf("%s, %s: the log has %s", name, call, log)
			}
		}
		if got := s.metric(t, `meterd_requests_total{operation="MeterUsage",result="InternalServiceErrorException"}`); got != "1" {
			t.Errorf("%s: %s internal errors of MeterUsage were counted", name, got)
		}
		over.commit = nil
		if a := s.do(t, call{op: "ResolveCustomer", body: resolveBody}.raw(t)); a.body != resolved {
			t.Errorf("%s: afterwards the answer is %s", name, a.body)
		}
		if n := len(s.records(t)); n != 0 {
			t.Errorf("%s: %d records were stored", name, n)
		}
	}
}

// TestAFaultOfSomeRecordsLeavesThemUnprocessed: what was not processed can be
// sent as it came back.
func TestAFaultOfSomeRecordsLeavesThemUnprocessed(t *testing.T) {
	over := &tampered{Store: memstore.New()}
	s := openOver(t, over, wideMarket())
	over.commit = faulting(1)
	const (
		first  = `{"CustomerIdentifier":"cust-1","Dimension":"users","Quantity":1,"Timestamp":1795307445}`
		second = `{"CustomerIdentifier":"cust-2","Dimension":"users","Quantity":2,"Timestamp":1795307445.5,"UsageAllocations":[{"AllocatedUsageQuantity":2,"Tags":[{"Key":"team","Value":"red"}]}]}`
		third  = `{"CustomerIdentifier":"cust-1","Dimension":"gb","Timestamp":1795307445}`
		nobody = `{"CustomerAWSAccountId":"9","Dimension":"gb","Timestamp":1795307445}`
	)
	batch := func(records ...string) string {
		body := `{"ProductCode":"prod-abc123","UsageRecords":[` + strings.Join(records, ",") + `]}`
		return unmarked(s.do(t, call{op: "BatchMeterUsage", body: body}.raw(t)).body)
	}
	got := batch(nobody, first, second, third)
	want := `{"Results":[{"Status":"CustomerNotSubscribed","UsageRecord":` + nobody + `},` +
		`{"MeteringRecordId":"ID1","Status":"Success","UsageRecord":` + first + `},` +
		`{"MeteringRecordId":"ID2","Status":"Success","UsageRecord":` + third + `}],"UnprocessedRecords":[` + second + `]}`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("with a fault:\n%s", diff)
	}
	over.commit = nil
	want = `{"Results":[{"MeteringRecordId":"ID1","Status":"Success","UsageRecord":` + second + `}],"UnprocessedRecords":[]}`
	if diff := cmp.Diff(want, batch(second)); diff != "" {
		t.Errorf("sent again:\n%s", diff)
	}
	for verdict, want := range map[string]string{"Unprocessed": "1", "Success": "3", "CustomerNotSubscribed": "1"} {
		if got := s.metric(t, `meterd_records_total{verdict="`+verdict+`"}`); got != want {
			t.Errorf("%s records were counted as %s, want %s", got, verdict, want)
		}
	}
}

// TestAFaultOfTheOnlyRecord: MeterUsage has no list to put it in.
func TestAFaultOfTheOnlyRecord(t *testing.T) {
	over := &tampered{Store: memstore.New()}
	s := openOver(t, over, wideMarket())
	over.commit = faulting(1) // behind the container's registration
	raw := call{op: "MeterUsage", body: meterBody, key: "AKIDTASK"}.raw(t)
	if a := s.do(t, raw); a.status != 500 || a.body != exception("InternalServiceErrorException", internalText) {
		t.Errorf("answer is %d %s", a.status, a.body)
	}
	over.commit = nil
	if a := s.do(t, raw); a.status != 200 || len(s.records(t)) != 1 {
		t.Errorf("sent again: %d %s", a.status, a.body)
	}
}

// TestAnUnknownOutcomeIsRepeatedSafely: the client was told of an error, yet
// its usage is on disk.
func TestAnUnknownOutcomeIsRepeatedSafely(t *testing.T) {
	over := &tampered{Store: memstore.New()}
	s := openOver(t, over, wideMarket())
	over.commit = func(ctx context.Context, r *store.Request, next commit) error {
		return errors.Join(next(ctx, r), store.ErrUnknownOutcome)
	}
	raw := call{op: "BatchMeterUsage", body: batchBody}.raw(t)
	if a := s.do(t, raw); a.status != 500 {
		t.Errorf("answer is %d %s", a.status, a.body)
	}
	over.commit = nil
	a := s.do(t, raw)
	if records := s.records(t); a.status != 200 || len(records) != 1 || idsIn(a.body)[0] != records[0].ID.String() {
		t.Errorf("sent again: %d %s, stored %+v", a.status, a.body, records)
	}
}

// TestABusyServerSaysSo: what is too much is refused at once, not queued.
func TestABusyServerSaysSo(t *testing.T) {
	over := &tampered{Store: memstore.New()}
	s := openOver(t, over, wideMarket(), func(c *Config) { c.RequestsMax = 2 })
	entered, leave := make(chan struct{}), make(chan struct{})
	over.commit = func(ctx context.Context, r *store.Request, next commit) error {
		entered <- struct{}{}
		<-leave
		return next(ctx, r)
	}
	server := listen(t, s)
	raw := call{op: "ResolveCustomer", body: resolveBody}.raw(t)
	var waiting []*conversation
	for range 2 {
		c := server.dial(t)
		c.say(raw)
		<-entered
		waiting = append(waiting, c)
	}
	busy := want{status: 503, contentType: awsJSON, body: exception("ServiceUnavailableException", "Too many requests are under way; try again.")}
	busy.check(t, raw, server.ask(t, raw))
	plain := plainCall("ResolveCustomer", resolveBody)
	busy.in(plainJSON).check(t, plain, server.ask(t, plain))
	close(leave)
	for _, c := range waiting {
		good.check(t, raw, c.hear(t, raw))
	}
	over.commit = nil
	good.check(t, raw, server.ask(t, raw))
}
