package ledger

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meterd/meterd/internal/clock"
	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/metering"
	"github.com/meterd/meterd/internal/store"
	"github.com/meterd/meterd/internal/store/memstore"
)

var noon = time.Date(2026, 11, 22, 12, 30, 0, 0, time.UTC)

const (
	seller  metering.AccountID  = "111122223333"
	buyer   metering.AccountID  = "222233334444"
	license metering.LicenseARN = "arn:aws:license-manager::111122223333:license:l-1"
)

func demo() marketplace.State {
	task := marketplace.Credential{AccessKeyID: "AKIDTASK", Platform: marketplace.ECS, Resource: "arn:aws:ecs:us-east-1:222233334444:task/demo/1"}
	start := noon.AddDate(-1, 0, 0)
	return marketplace.State{
		Settings: marketplace.DefaultSettings,
		Sellers: []marketplace.Seller{{
			Account:     seller,
			Credentials: []marketplace.Credential{{AccessKeyID: "AKIDSELLER", User: "app"}},
			Products: []marketplace.Product{
				{Code: "saas", Kind: marketplace.SaaS, Dimensions: []marketplace.Dimension{{Key: "users"}}},
				{Code: "box", Kind: marketplace.Container, Dimensions: []marketplace.Dimension{{Key: "users"}}},
			},
		}},
		Buyers: []marketplace.Buyer{{
			Account:            buyer,
			CustomerIdentifier: "cust-1",
			Credentials:        []marketplace.Credential{task},
			Agreements: []marketplace.Agreement{
				{Product: "saas", LicenseArn: license, Status: marketplace.Active, Start: start},
				{Product: "box", LicenseArn: license + "-box", Status: marketplace.Active, Start: start},
			},
		}},
		Tokens: []marketplace.Token{{Value: "tok", LicenseArn: license, Minted: noon}},
	}
}

func open(t *testing.T, s store.Store) *Ledger {
	t.Helper()
	c := new(clock.Clock)
	c.Set(noon)
	c.Freeze()
	l, err := Open(t.Context(), Config{Store: s, Clock: c})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func openDemo(t *testing.T) (*Ledger, *memstore.Store) {
	t.Helper()
	s := memstore.New()
	l := open(t, s)
	if _, err := l.Apply(t.Context(), demo()); err != nil {
		t.Fatal(err)
	}
	return l, s
}

func (l *Ledger) callBy(t *testing.T, accessKey string) Call {
	t.Helper()
	call := l.Begin()
	p, ok := call.Market.ByAccessKey(accessKey)
	if !ok {
		t.Fatalf("no credential %s", accessKey)
	}
	call.Principal, call.Region, call.RequestID = p, "us-east-1", "request-1"
	return call
}

func batch(quantity int64) metering.Batch {
	return metering.Batch{Product: "saas", Usages: []metering.Usage{{Timestamp: noon, Dimension: "users", Customer: "cust-1", Quantity: quantity}}}
}

func collect[T any](t *testing.T, seq iter.Seq2[T, error]) (list []T) {
	t.Helper()
	for x, err := range seq {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, x)
	}
	return list
}

func TestARecordReadsBackInWords(t *testing.T) {
	l, _ := openDemo(t)
	told := metering.Batch{Product: "saas", Usages: []metering.Usage{{
		Timestamp: noon.Add(-time.Minute), Dimension: "users", Account: buyer, Quantity: 7,
		Allocations: []metering.Allocation{{Quantity: 7, Tags: []metering.Tag{{Key: "team", Value: "red"}}}},
	}}}
	verdicts, err := l.BatchMeterUsage(t.Context(), l.callBy(t, "AKIDSELLER"), told)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.MeterUsage(t.Context(), l.callBy(t, "AKIDTASK"), metering.MeterUsage{Product: "box", Timestamp: noon, Dimension: "users", Quantity: 3}); err != nil {
		t.Fatal(err)
	}
	records := collect(t, l.Records(t.Context(), RecordFilter{}))
	if len(records) != 2 {
		t.Fatalf("%d records, want 2", len(records))
	}
	want := Record{
		ID: verdicts[0].ID, Hour: noon.Truncate(time.Hour), Timestamp: noon.Add(-time.Minute),
		Seller: seller, Region: "us-east-1", Product: "saas", Buyer: buyer, Dimension: "users",
		Quantity: 7, Allocations: told.Usages[0].Allocations, Call: 1,
	}
	if diff := cmp.Diff(want, records[0]); diff != "" {
		t.Errorf("the record of the batch:\n%s", diff)
	}
	if r := records[1]; r.Resource != "arn:aws:ecs:us-east-1:222233334444:task/demo/1" || r.Buyer != buyer || r.Product != "box" || r.Quantity != 3 {
		t.Errorf("the record of the task is %+v", r)
	}
}

func TestRecordsAreFiltered(t *testing.T) {
	l, _ := openDemo(t)
	call := l.callBy(t, "AKIDSELLER")
	for h := range 3 {
		b := batch(int64(h))
		b.Usages[0].Timestamp = noon.Add(time.Duration(-h) * time.Hour)
		if _, err := l.BatchMeterUsage(t.Context(), call, b); err != nil {
			t.Fatal(err)
		}
	}
	hour := noon.Truncate(time.Hour)
	for _, test := range []struct {
		name   string
		filter RecordFilter
		want   int
	}{
		{"all", RecordFilter{}, 3},
		{"from the hour on", RecordFilter{From: hour}, 1},
		{"before the hour", RecordFilter{To: hour}, 2},
		{"into the hour", RecordFilter{To: hour.Add(1)}, 3},
		{"of the product", RecordFilter{Product: "saas"}, 3},
		{"of another product", RecordFilter{Product: "box"}, 0},
		{"of another buyer", RecordFilter{Buyer: "1"}, 0},
		{"of another dimension", RecordFilter{Dimension: "gb"}, 0},
	} {
		if got := len(collect(t, l.Records(t.Context(), test.filter))); got != test.want {
			t.Errorf("%s: %d records, want %d", test.name, got, test.want)
		}
	}
}

func TestIDsOutliveReopeningAndResetting(t *testing.T) {
	l, s := openDemo(t)
	id := func(l *Ledger) RecordID {
		v, err := l.BatchMeterUsage(t.Context(), l.callBy(t, "AKIDSELLER"), batch(7))
		if err != nil || v[0].Status != metering.Success {
			t.Fatalf("%+v, %v", v, err)
		}
		return v[0].ID
	}
	first := id(l)
	reopened := open(t, s)
	if again := id(reopened); again != first {
		t.Errorf("after reopening the record has id %s, before %s", again, first)
	}
	if err := reopened.Reset(t.Context(), demo()); err != nil {
		t.Fatal(err)
	}
	if n := len(collect(t, reopened.Records(t.Context(), RecordFilter{}))); n != 0 {
		t.Errorf("%d records outlived Reset", n)
	}
	if again := id(reopened); again != first {
		t.Errorf("after Reset the record has id %s, before %s", again, first)
	}
	other, _ := openDemo(t)
	if id(other) == first {
		t.Error("two ledgers give the same id: it can be guessed")
	}
}

func TestRecordIDsDependOnEveryPartOfTheKey(t *testing.T) {
	ids, err := newRecordIDs([]byte("0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	keys := []store.Key{{}, {Kind: 'P'}, {Hour: 1}, {Scope: 1}, {Subject: 1}, {Party: 1}, {Dimension: 1}, {Tail: [16]byte{1}}, {Tail: [16]byte{15: 1}}}
	seen := map[RecordID]store.Key{}
	for _, k := range keys {
		id := ids.of(k)
		if other, ok := seen[id]; ok {
			t.Errorf("%+v and %+v have the id %s", k, other, id)
		}
		seen[id] = k
		if text := id.String(); len(text) != 36 || text[14] != '4' || !strings.ContainsRune("89ab", rune(text[19])) {
			t.Errorf("%s does not look like a UUID", text)
		}
	}
}

func TestEveryCallIsInTheTrail(t *testing.T) {
	l, s := openDemo(t)
	app, task := l.callBy(t, "AKIDSELLER"), l.callBy(t, "AKIDTASK")
	ctx := t.Context()
	calls := []func() error{
		func() error { _, err := l.BatchMeterUsage(ctx, app, batch(7)); return err },
		func() error { _, err := l.BatchMeterUsage(ctx, app, batch(8)); return err },
		func() error { _, err := l.BatchMeterUsage(ctx, app, metering.Batch{Product: "nope"}); return err },
		func() error {
			_, err := l.MeterUsage(ctx, task, metering.MeterUsage{Product: "box", Timestamp: noon, Dimension: "users", ClientToken: "t"})
			return err
		},
		func() error {
			_, err := l.MeterUsage(ctx, task, metering.MeterUsage{Product: "box", Timestamp: noon, Dimension: "users", DryRun: true})
			return err
		},
		func() error {
			_, err := l.RegisterUsage(ctx, task, RegisterUsage{Product: "box", PublicKeyVersion: 1})
			return err
		},
		func() error { _, err := l.ResolveCustomer(ctx, app, "tok"); return err },
		func() error { _, err := l.ResolveCustomer(ctx, app, "nope"); return err },
		func() error { return l.Refused(ctx, app, "MeterUsage", "AccessDeniedException", "no") },
	}
	for _, call := range calls {
		var refusal *metering.Refusal
		if err := call(); err != nil && !errors.As(err, &refusal) {
			t.Fatal(err)
		}
	}
	type line struct {
		operation, refused string
		outcomes           []store.Outcome
	}
	var got []line
	for _, c := range collect(t, s.ScanCalls(ctx, 0)) {
		e, err := l.Entry(ctx, c)
		if err != nil {
			t.Fatal(err)
		}
		if c.At != noon.UnixMilli() || e.Region != "us-east-1" || e.RequestID != "request-1" || e.Caller.ARN == "" {
			t.Errorf("call %d: %+v", c.ID, e)
		}
		got = append(got, line{e.Operation, e.Refused, slices.Clone(c.Outcomes)})
	}
	want := []line{
		{"BatchMeterUsage", "", []store.Outcome{store.Created}},
		{"BatchMeterUsage", "", []store.Outcome{store.Conflict}},
		{"BatchMeterUsage", "product-unknown", nil},
		{"MeterUsage", "", []store.Outcome{store.Created, store.Created, store.Created}},
		{"MeterUsage", "", nil},
		{"RegisterUsage", "", []store.Outcome{store.Same}},
		{"ResolveCustomer", "", nil},
		{"ResolveCustomer", "registration-token-unknown", nil},
		{"MeterUsage", "AccessDeniedException", nil},
	}
	for i := range got {
		if len(got[i].outcomes) == 0 {
			got[i].outcomes = nil
		}
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(line{})); diff != "" {
		t.Errorf("the trail:\n%s", diff)
	}
}

// broken is a store whose commits fail.
type broken struct {
	store.Store
	err error
}

func (b broken) Commit(context.Context, *store.Request) error { return b.err }

func TestAFaultIsNoRefusal(t *testing.T) {
	_, s := openDemo(t)
	diskFull := errors.New("disk full")
	l := open(t, broken{s, diskFull})
	for name, call := range map[string]func() error{
		"accepted": func() error {
			_, err := l.BatchMeterUsage(t.Context(), l.callBy(t, "AKIDSELLER"), batch(7))
			return err
		},
		"refused":  func() error { _, err := l.ResolveCustomer(t.Context(), l.callBy(t, "AKIDSELLER"), "nope"); return err },
		"resolved": func() error { _, err := l.ResolveCustomer(t.Context(), l.callBy(t, "AKIDSELLER"), "tok"); return err },
		"registered": func() error {
			_, err := l.RegisterUsage(t.Context(), l.callBy(t, "AKIDTASK"), RegisterUsage{Product: "box", PublicKeyVersion: 1})
			return err
		},
	} {
		var refusal *metering.Refusal
		if err := call(); !errors.Is(err, diskFull) || errors.As(err, &refusal) {
			t.Errorf("a call that would be %s answers %v, want the fault", name, err)
		}
	}
}
