package usagefile

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"golang.org/x/time/rate"

	"github.com/meterd/meterd/api"
	"github.com/meterd/meterd/client"
	"github.com/meterd/meterd/internal/clock"
	"github.com/meterd/meterd/internal/ledger"
	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/server"
	"github.com/meterd/meterd/internal/store/memstore"
)

// world is the real service, and a file to import.
type world struct {
	t       *testing.T
	ledger  *ledger.Ledger
	clock   *clock.Clock
	client  *client.Client
	url     string
	fault   func(w http.ResponseWriter, r *http.Request, serve http.Handler)
	calls   int
	journal string
	file    string
	retry   bool
}

func newWorld(t *testing.T, rows ...string) *world {
	t.Helper()
	w := &world{t: t, clock: new(clock.Clock), journal: filepath.Join(t.TempDir(), "result.csv"), file: planHead + strings.Join(rows, "\n") + "\n"}
	w.clock.Set(noon.Add(10 * time.Minute))
	l, err := ledger.Open(t.Context(), ledger.Config{Store: memstore.New(), Clock: w.clock})
	if err != nil {
		t.Fatal(err)
	}
	w.ledger = l
	w.apply(marketplace.Pending)
	service := server.New(server.Config{Ledger: l})
	front := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.calls++
		if w.fault != nil {
			w.fault(rw, r, service)
			return
		}
		service.ServeHTTP(rw, r)
	}))
	t.Cleanup(front.Close)
	once := retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts, o.MaxBackoff = 1, time.Millisecond })
	w.url = front.URL
	w.client, err = client.New(context.Background(), client.Config{Endpoint: front.URL, APIKey: "key", Rate: rate.Inf, Retryer: aws.Retryer(once)})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// apply gives the second buyer's agreement a status.
func (w *world) apply(status marketplace.Status) {
	w.t.Helper()
	start := noon.AddDate(-1, 0, 0)
	_, err := w.ledger.Apply(w.t.Context(), marketplace.State{
		Settings: marketplace.DefaultSettings,
		Sellers: []marketplace.Seller{{
			Account: "111122223333", Credentials: []marketplace.Credential{{APIKey: "key", User: "u"}},
			Products: []marketplace.Product{{Code: "saas", Kind: marketplace.SaaS, Mode: marketplace.Legacy, Dimensions: []marketplace.Dimension{{Key: "d"}, {Key: "e"}}}},
		}},
		Buyers: []marketplace.Buyer{
			{Account: "222233334444", CustomerIdentifier: "a", Agreements: []marketplace.Agreement{{Product: "saas", LicenseArn: "arn:aws:license-manager::1:license:l-1", Status: marketplace.Active, Start: start}}},
			{Account: "333344445555", CustomerIdentifier: "b", Agreements: []marketplace.Agreement{{Product: "saas", LicenseArn: "arn:aws:license-manager::1:license:l-2", Status: status, Start: start}}},
		},
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// run imports the file and returns the verdicts by line.
func (w *world) run(ctx context.Context) (string, error) {
	w.t.Helper()
	file := readText(w.t, CSV, w.file)
	r := &Run{File: file, Client: w.client, RetryRefused: w.retry, Journal: openJournal(w.t, w.journal, CSV)}
	r.Records = file.Plan(Planning{Check: func(product *string, u *api.UsageRecord) error { return w.client.Check(product, u, time.Time{}) }, Destination: "here"})
	results, err := r.Do(ctx)
	var texts []string
	for _, result := range results {
		texts = append(texts, fmt.Sprintf("%d:%s", result.Line, result.Verdict))
		if result.Verdict.Accepted() != (result.MeteringRecordID != "") || (result.Verdict.Accepted() == (result.Reason != "")) {
			w.t.Errorf("line %d has receipt %q and reason %q", result.Line, result.MeteringRecordID, result.Reason)
		}
	}
	return strings.Join(texts, " "), err
}

// stored is what the service keeps.
func (w *world) stored() (sum, records int64) {
	w.t.Helper()
	for r, err := range w.ledger.Records(w.t.Context(), ledger.RecordFilter{}) {
		if err != nil {
			w.t.Fatal(err)
		}
		sum += r.Quantity
		records++
	}
	return sum, records
}

func (w *world) expect(verdicts string, fails bool, sum, records int64) {
	w.t.Helper()
	got, err := w.run(w.t.Context())
	if got != verdicts || (err != nil) != fails {
		w.t.Errorf("verdicts %s, error %v; want %s, an error: %v", got, err, verdicts, fails)
	}
	if s, n := w.stored(); s != sum || n != records {
		w.t.Errorf("the service keeps %d in %d records, want %d in %d", s, n, sum, records)
	}
}

const (
	rowA = "2026-11-22T12:00:00Z,a,,,d,5,"
	rowB = "2026-11-22T12:00:00Z,b,,,d,7,"
	rowE = "2026-11-22T12:00:00Z,a,,,e,9,"
)

// drop cuts the connection after the service has done its work.
func drop(w http.ResponseWriter, r *http.Request, serve http.Handler) {
	serve.ServeHTTP(httptest.NewRecorder(), r)
	panic(http.ErrAbortHandler)
}

func TestRunOnceAndAgain(t *testing.T) {
	w := newWorld(t, rowA, rowB, "noon,a,,,e,1,")
	w.expect("2:Success 3:CustomerNotSubscribed 4:Refused", false, 5, 1)
	calls := w.calls
	w.expect("2:Success 3:CustomerNotSubscribed 4:Refused", false, 5, 1)
	if w.calls != calls {
		t.Errorf("the second run made %d calls", w.calls-calls)
	}
	w.apply(marketplace.Active)
	w.expect("2:Success 3:CustomerNotSubscribed 4:Refused", false, 5, 1)
	w.retry = true
	w.expect("2:Success 3:Success 4:Refused", false, 12, 2)
	w.file = strings.Replace(w.file, "noon", "2026-11-22T12:05:00Z", 1) // a refused row may be corrected
	w.expect("2:Success 3:Success 4:Success", false, 13, 3)
}

// A lost answer leaves rows Unknown, and the next run settles them.
func TestRunAfterALostAnswer(t *testing.T) {
	w := newWorld(t, rowA, rowE)
	w.fault = drop
	w.expect("2:Unknown 3:Unknown", true, 14, 2)
	w.fault = nil
	w.expect("2:Success 3:Success", false, 14, 2)
}

// What may be stored stays Unknown, also when it can be told no more.
func TestRunThatComesTooLate(t *testing.T) {
	w := newWorld(t, rowA)
	w.fault = drop
	w.expect("2:Unknown", true, 5, 1)
	w.fault = nil
	w.clock.Set(noon.Add(48 * time.Hour))
	w.expect("2:Unknown", false, 5, 1)
	results, err := ReadResults(w.journal, CSV)
	if err != nil || !strings.Contains(results[0].Reason, "may be stored") || !strings.Contains(results[0].Reason, "TimestampOutOfBounds") {
		t.Errorf("results %+v, %v", results, err)
	}
}

func TestRunAgainstNobody(t *testing.T) {
	w := newWorld(t, rowA)
	w.fault = func(rw http.ResponseWriter, _ *http.Request, _ http.Handler) {
		rw.WriteHeader(http.StatusServiceUnavailable)
	}
	w.expect("2:Unknown", true, 0, 0) // a 503 does not say whether something was done
	w.fault = nil
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := w.run(ctx); got != "2:Unknown" || !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %s, %v", got, err)
	}
	w.expect("2:Success", false, 5, 1)
}

// What would be told beside a record that is or may be stored is told by nobody.
func TestRunOfAnotherFile(t *testing.T) {
	w := newWorld(t, rowA, rowE)
	w.expect("2:Success 3:Success", false, 14, 2)
	before, err := os.ReadFile(w.journal)
	if err != nil {
		t.Fatal(err)
	}
	w.file = planHead + rowA + "\n" + strings.Replace(rowE, ",9,", ",8,", 1) + "\n"
	if got, err := w.run(t.Context()); !errors.Is(err, ErrOther) {
		t.Errorf("%s, %v", got, err)
	}
	if after, err := os.ReadFile(w.journal); err != nil || string(after) != string(before) {
		t.Errorf("the journal became %q, %v", after, err)
	}
	w.file = planHead + rowE + "\n" + rowA + "\n" // the order does not matter
	w.expect("2:Success 3:Success", false, 14, 2)
}

// Several calls, and a report that adds up.
func TestRunOfManyCalls(t *testing.T) {
	var rows []string
	for h := range 60 {
		rows = append(rows, fmt.Sprintf("%s,a,,,d,%d,", noon.Add(-time.Duration(h)*20*time.Minute).Format(time.RFC3339), h+1))
	}
	w := newWorld(t, rows...)
	file := readText(t, CSV, w.file)
	r := &Run{File: file, Client: w.client}
	r.Records = file.Plan(Planning{Sum: true, Check: func(product *string, u *api.UsageRecord) error { return w.client.Check(product, u, time.Time{}) }, Destination: "here"})
	results, err := r.Outlook(nil)
	if err != nil {
		t.Fatal(err)
	}
	report := r.Report(results)
	if report.Rows != 60 || report.Records != 21 || report.Calls != 1 || len(report.Sums) != 1 || report.Sums[0].Open != 60*61/2 || report.Sums[0].Accepted != 0 {
		t.Errorf("before: %+v", report)
	}
	if w.calls != 0 {
		t.Error("looking out made calls")
	}
	r.Journal = openJournal(t, w.journal, CSV)
	shown := -1
	r.Progress = func(settled, all int) {
		if settled < shown || all != len(r.Records) {
			t.Errorf("progress %d of %d after %d", settled, all, shown)
		}
		shown = settled
	}
	results, err = r.Do(t.Context())
	if err != nil || shown != len(r.Records) {
		t.Fatalf("%d records are settled, %v", shown, err)
	}
	if report = r.Report(results); report.Calls != 0 || report.Sums[0].Open != 0 || report.Sums[0].Accepted != 60*61/2 || report.Verdicts["Success"] != 60 {
		t.Errorf("after: %+v", report)
	}
	if sum, n := w.stored(); sum != 60*61/2 || n != 21 {
		t.Errorf("the service keeps %d in %d records", sum, n)
	}
}

// A disk that takes nothing stops the run before anything is sent.
func TestRunWithoutJournal(t *testing.T) {
	w := newWorld(t, rowA)
	file := readText(t, CSV, w.file)
	r := &Run{File: file, Client: w.client, Journal: openJournal(t, w.journal, CSV)}
	r.Records = file.Plan(Planning{Check: func(*string, *api.UsageRecord) error { return nil }})
	if err := r.Journal.file.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Do(t.Context()); err == nil || w.calls != 0 {
		t.Errorf("error %v after %d calls", err, w.calls)
	}
}
