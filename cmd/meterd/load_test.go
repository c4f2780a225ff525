package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/meterd/meterd/internal/admin"
	"github.com/meterd/meterd/internal/ledger"
)

// The marketplace of the load is as large as it takes to tell many records
// that all differ.
const (
	loadDimensions = 100
	loadCustomers  = 20
	loadHours      = 20
	loadBatch      = 5
	loadWorkers    = 8
)

// loadCatalog writes the load's catalog and returns where.
func loadCatalog(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("sellers:\n  - account: \"111122223333\"\n    credentials: [{apiKey: load, user: load}, {accessKeyId: AKIDLOAD, secretAccessKey: secret, user: import}]\n    products:\n      - code: load\n        kind: saas\n        mode: legacy\n        dimensions:\n")
	for i := range loadDimensions {
		fmt.Fprintf(&b, "          - {key: d%d}\n", i)
	}
	b.WriteString("buyers:\n")
	for i := range loadCustomers {
		fmt.Fprintf(&b, "  - {account: \"2222333300%02d\", customerIdentifier: c%d, agreements: [{product: load, status: active, start: 2020-01-01T00:00:00Z}]}\n", i, i)
	}
	path := filepath.Join(t.TempDir(), "load.yaml")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// load meters records that all differ, and remembers what was answered.
type load struct {
	url   string
	start time.Time

	mu sync.Mutex
	// next is the number of the next record, ids those of the answered ones.
	next int
	ids  map[int]string
	// wrong are answers that a client should never see.
	wrong []string
}

func newLoad(url string) *load {
	return &load{url: url, start: time.Now().UTC(), ids: map[int]string{}}
}

// record is what number n tells; its quantity is n too.
func (l *load) record(n int) map[string]any {
	return map[string]any{
		"Timestamp":          l.start.Add(-time.Duration(n/loadDimensions/loadCustomers) * time.Hour).Format(time.RFC3339),
		"CustomerIdentifier": fmt.Sprintf("c%d", n/loadDimensions%loadCustomers),
		"Dimension":          fmt.Sprintf("d%d", n%loadDimensions),
		"Quantity":           n,
	}
}

// run meters from several connections until the service is gone.
func (l *load) run() {
	var workers sync.WaitGroup
	for range loadWorkers {
		workers.Go(func() {
			client := &http.Client{Transport: &http.Transport{}, Timeout: patience}
			for l.batch(client) {
			}
		})
	}
	workers.Wait()
}

// batch meters the next few records and reports whether the service answered.
func (l *load) batch(client *http.Client) bool {
	l.mu.Lock()
	first := l.next
	l.next += loadBatch
	l.mu.Unlock()
	if first+loadBatch > loadDimensions*loadCustomers*loadHours {
		return false
	}
	ids, status, err := l.send(client, first)
	if err != nil {
		return false // nothing was answered
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if status != http.StatusOK || len(ids) != loadBatch {
		l.wrong = append(l.wrong, fmt.Sprintf("batch from %d: status %d, ids %q", first, status, ids))
	}
	for i, id := range ids {
		l.ids[first+i] = id
	}
	return true
}

func (l *load) body(first int) []byte {
	var records []any
	for n := range loadBatch {
		records = append(records, l.record(first+n))
	}
	body, err := json.Marshal(map[string]any{"ProductCode": "load", "UsageRecords": records})
	if err != nil {
		panic(err) // a map of texts and numbers
	}
	return body
}

// send meters one batch and returns the ids of the accepted records.
func (l *load) send(client *http.Client, first int) (ids []string, status int, err error) {
	r, err := http.NewRequest(http.MethodPost, l.url, bytes.NewReader(l.body(first)))
	if err != nil {
		return nil, 0, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "load")
	r.Header.Set("X-Amz-Target", "AWSMPMeteringService.BatchMeterUsage")
	answer, err := client.Do(r)
	if err != nil {
		return nil, 0, err
	}
	defer answer.Body.Close()
	var result struct {
		Results []struct{ MeteringRecordId, Status string }
	}
	if err := json.NewDecoder(answer.Body).Decode(&result); err != nil {
		return nil, 0, err
	}
	for _, r := range result.Results {
		if r.Status == "Success" {
			ids = append(ids, r.MeteringRecordId)
		}
	}
	return ids, answer.StatusCode, nil
}

// answered returns how many records were answered so far.
func (l *load) answered() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.ids)
}

// waitFor waits until some records were answered.
func (l *load) waitFor(t *testing.T, n int) {
	t.Helper()
	for end := time.Now().Add(patience); l.answered() < n; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("only %d records were answered", l.answered())
		}
	}
}

// check compares what was answered with what a data directory holds.
func (l *load) check(t *testing.T, data string) {
	t.Helper()
	kept := map[string]int64{}
	err := withLedger(t.Context(), data, func(ledger *ledger.Ledger) error {
		records, err := admin.Records(t.Context(), ledger, admin.RecordQuery{})
		if err != nil {
			return err
		}
		for record, err := range records {
			if err != nil {
				return err
			}
			kept[record.ID] = record.Quantity
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for n, id := range l.ids {
		if quantity, ok := kept[id]; !ok || quantity != int64(n) {
			t.Errorf("record %d was answered as %s; the ledger has it: %v, with quantity %d", n, id, ok, quantity)
		}
	}
	for _, wrong := range l.wrong {
		t.Error(wrong)
	}
	t.Logf("%d records were answered, %d are kept", len(l.ids), len(kept))
}
