package admin

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func withRecords(t *testing.T) *Admin {
	t.Helper()
	a := open(t, Config{})
	a.meter(t, "cust-1", "users", 7)
	a.meter(t, "cust-1", "gb", 8)
	a.meter(t, "cust-2", "users", 9)
	return a
}

func TestRecord(t *testing.T) {
	a := withRecords(t)
	list := get[RecordList](t, a.ask("GET", "records?customer=cust-2", ""))
	if len(list.Records) != 1 {
		t.Fatalf("got %+v", list)
	}
	if len(list.Records[0].ID) != 36 {
		t.Errorf("id is %q", list.Records[0].ID)
	}
	list.Records[0].ID = ""
	want := Record{
		Hour: noon.Truncate(time.Hour).Add(-time.Hour), Timestamp: noon.Add(-time.Hour),
		Seller: "111122223333", Region: "us-east-1", Product: "saas",
		Buyer: "333344445555", Customer: "cust-2", Dimension: "users", Quantity: 9,
		Allocations: []Allocation{{Quantity: 9, Tags: map[string]string{"team": "a"}}}, Call: 3,
	}
	if diff := cmp.Diff(want, list.Records[0]); diff != "" {
		t.Error(diff)
	}
}

func TestRecordQueries(t *testing.T) {
	a := withRecords(t)
	for query, want := range map[string]int{
		"":                                 3,
		"?product=saas":                    3,
		"?product=many":                    0,
		"?customer=cust-1":                 2,
		"?customer=222233334444":           2,
		"?customer=nobody":                 0,
		"?dimension=users":                 2,
		"?customer=cust-1&dimension=users": 1,
		"?from=2026-11-22T11:00:00Z&to=2026-11-22T12:00:00Z":               3,
		"?from=2026-11-22T12:00:00Z":                                       0,
		"?to=2026-11-22T11:00:00Z":                                         0,
		"?from=2026-11-22&to=2026-11-23":                                   3,
		"?from=2026-11-22T13:00:00%2B02:00&to=2026-11-22T14:00:00%2B02:00": 3,
		"?limit=3": 3,
	} {
		list := get[RecordList](t, a.ask("GET", "records"+query, ""))
		if len(list.Records) != want || list.Truncated {
			t.Errorf("records%s: %d records, truncated %v; want %d", query, len(list.Records), list.Truncated, want)
		}
	}
	if list := get[RecordList](t, a.ask("GET", "records?limit=2", "")); len(list.Records) != 2 || !list.Truncated {
		t.Errorf("limit=2: %+v", list)
	}
}

func TestRecordsStream(t *testing.T) {
	a := withRecords(t)
	for query, want := range map[string]int{"": 3, "?limit=2": 2, "?product=many": 0} {
		w := a.ask("GET", "records"+query, "", "Accept: application/x-ndjson")
		if n := strings.Count(w.Body.String(), "\n"); n != want || w.Header().Get("Content-Type") != NDJSON {
			t.Errorf("records%s: %v %s", query, w.Header(), w.Body)
		}
	}
}

func TestRecordsRefuse(t *testing.T) {
	a := open(t, Config{})
	for query, text := range map[string]string{
		"?costumer=x":          `"costumer" is unknown`,
		"?limit=0":             `limit: "0"`,
		"?limit=many":          `limit: "many"`,
		"?limit=100001":        "100001",
		"?from=yesterday":      `"yesterday"`,
		"?to=2026-13-01":       `"2026-13-01"`,
		"?product=a&product=b": "2 times",
	} {
		wantProblem(t, a.ask("GET", "records"+query, ""), http.StatusBadRequest, text)
	}
}
