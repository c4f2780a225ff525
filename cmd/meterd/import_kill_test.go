package main

import (
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/meterd/meterd/api"
	"github.com/meterd/meterd/internal/admin"
	"github.com/meterd/meterd/internal/ledger"
	"github.com/meterd/meterd/internal/usagefile"
)

const (
	killRows = 1500
	killsMin = 4
)

// writeUsage writes rows that all differ, as the load's marketplace takes them,
// and returns what they add up to by customer and dimension.
func writeUsage(t *testing.T, path string, now time.Time) map[string]int64 {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := csv.NewWriter(file)
	w.Write([]string{"Timestamp", "CustomerIdentifier", "Dimension", "Quantity"})
	sums := map[string]int64{}
	for n := range killRows {
		customer, dimension := fmt.Sprintf("c%d", n%loadCustomers), fmt.Sprintf("d%d", n/loadCustomers%loadDimensions)
		w.Write([]string{now.Format(time.RFC3339Nano), customer, dimension, strconv.Itoa(n + 1)})
		sums[customer+" "+dimension] += int64(n + 1)
	}
	w.Flush()
	if err := w.Error(); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	return sums
}

// beginImport starts a real process that imports the file.
func beginImport(t *testing.T, api, file string, more ...string) *process {
	t.Helper()
	env := []string{"HOME=" + t.TempDir(), "METERD_ENDPOINT=" + api, "AWS_ACCESS_KEY_ID=AKIDLOAD", "AWS_SECRET_ACCESS_KEY=secret", "AWS_EC2_METADATA_DISABLED=true"}
	p, err := beginMeterd(t.TempDir(), filepath.Join(t.TempDir(), "log"), env, append([]string{"import", file, "--product", "load"}, more...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Process.Kill()
		p.wait()
	})
	return p
}

// TestKilledImportGoesOn kills imports at any moment and starts them again: in
// the end each row has one verdict and each record is there once, to the unit.
func TestKilledImportGoesOn(t *testing.T) {
	data, dir := filepath.Join(t.TempDir(), "data"), t.TempDir()
	service, api := startServe(t, data)
	file, result := filepath.Join(dir, "usage.csv"), filepath.Join(dir, "usage.result.csv")
	want := writeUsage(t, file, time.Now().UTC())
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for kill := range killsMin {
		p := beginImport(t, api, file, "--rate", "100")
		waitForSize(t, result, sizeOf(result)+int64(random.IntN(20_000)))
		if err := p.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		p.wait()
		t.Logf("kill %d: %d bytes of results", kill+1, sizeOf(result))
	}
	results, err := usagefile.ReadResults(result, usagefile.CSV)
	if err != nil || len(results) == 0 || len(results) == killRows {
		t.Fatalf("the kills were not in the middle: %d of %d rows have results, %v", len(results), killRows, err)
	}

	last := beginImport(t, api, file, "--rate", "1000")
	if code := last.wait(); code != exitOK {
		log, _ := os.ReadFile(last.log)
		t.Fatalf("the last import exited with %d:\n%s\n%s", code, last.stdout.String(), log)
	}
	ids := acceptedIDs(t, result)
	service.Process.Kill()
	service.wait()
	compareWithLedger(t, data, want, ids)
}

// TestInterruptedImportGoesOn ends an import in order: it says how to go on, and
// the result file has a line for each row.
func TestInterruptedImportGoesOn(t *testing.T) {
	data, dir := filepath.Join(t.TempDir(), "data"), t.TempDir()
	service, api := startServe(t, data)
	file, result := filepath.Join(dir, "usage.csv"), filepath.Join(dir, "usage.result.csv")
	want := writeUsage(t, file, time.Now().UTC())
	p := beginImport(t, api, file, "--rate", "50")
	waitForSize(t, result, 10_000)
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	code := p.wait()
	log, err := os.ReadFile(p.log)
	if err != nil || code != exitFailed || !strings.Contains(string(log), "run the same command again to go on") {
		t.Errorf("exit code %d, %v\n%s", code, err, log)
	}
	results, err := usagefile.ReadResults(result, usagefile.CSV)
	if err != nil || len(results) != killRows || results[0].Verdict.Open() || !results[killRows-1].Verdict.Open() {
		t.Fatalf("%d results, %v", len(results), err)
	}
	if code := beginImport(t, api, file, "--rate", "1000").wait(); code != exitOK {
		t.Fatalf("the second import exited with %d", code)
	}
	ids := acceptedIDs(t, result)
	service.Process.Kill()
	service.wait()
	compareWithLedger(t, data, want, ids)
}

func sizeOf(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

func waitForSize(t *testing.T, path string, size int64) {
	t.Helper()
	for end := time.Now().Add(patience); sizeOf(path) < size; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s does not grow to %d bytes", path, size)
		}
	}
}

// acceptedIDs reads the final result file, which has one line for each row.
func acceptedIDs(t *testing.T, result string) map[string]int64 {
	t.Helper()
	text, err := os.ReadFile(result)
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(string(text), "\n"); lines != killRows+1 {
		t.Errorf("the result file has %d lines, want %d and a header", lines, killRows)
	}
	results, err := usagefile.ReadResults(result, usagefile.CSV)
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]int64{}
	for _, r := range results {
		if r.Verdict != usagefile.Verdict(api.Success) {
			t.Errorf("line %d has the verdict %s: %s", r.Line, r.Verdict, r.Reason)
		}
		ids[r.MeteringRecordID] = *r.Quantity
	}
	return ids
}

// compareWithLedger compares sums and receipts with what the service keeps.
func compareWithLedger(t *testing.T, data string, want, ids map[string]int64) {
	t.Helper()
	err := withLedger(t.Context(), data, func(l *ledger.Ledger) error {
		records, err := admin.Records(t.Context(), l, admin.RecordQuery{})
		if err != nil {
			return err
		}
		n := 0
		for r, err := range records {
			if err != nil {
				return err
			}
			n++
			want[string(r.Customer)+" "+string(r.Dimension)] -= r.Quantity
			if ids[r.ID] != r.Quantity {
				t.Errorf("record %s has quantity %d, its receipt says %d", r.ID, r.Quantity, ids[r.ID])
			}
		}
		if n != killRows {
			t.Errorf("the service keeps %d records, want %d", n, killRows)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for key, rest := range want {
		if rest != 0 {
			t.Errorf("%s: %d is missing at the service", key, rest)
		}
	}
}
