package outbox

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/meterd/meterd/internal/metering"
)

// TestTornWrite cuts the write of a call at every byte. What was acknowledged
// before is there, the call is there as a whole or not at all, and it can be
// repeated.
func TestTornWrite(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "outbox")
	o := mustOpen(t, dir, Config{})
	tag := metering.Tag{Key: "team", Value: "a"}
	first, torn := event("first", 5, noon), []Event{event("torn", 7, noon, tag), event("torn too", 9, noon)}
	add(t, o, noon, Accepted, first)
	before := readLog(t, dir)
	add(t, o, noon, Accepted, torn...)
	after := readLog(t, dir)
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	// Closing leaves the directory as it was: the log is not sorted yet.
	from, to := 0, len(after)
	for from < len(before) && from < to && before[from] == after[from] {
		from++
	}
	for to > from && (to > len(before) && after[to-1] == 0 || to <= len(before) && before[to-1] == after[to-1]) {
		to--
	}
	if to-from < 50 {
		t.Fatalf("the call wrote only %d bytes; this test sees too little", to-from)
	}
	outcomes := map[Outcome]int{}
	for cut := from; cut <= to; cut++ {
		log := append([]byte(nil), after[:cut]...)
		if cut < len(before) {
			log = append(log, before[cut:]...)
		} else {
			log = append(log, make([]byte, len(after)-cut)...)
		}
		outcomes[checkTorn(t, dir, log, first, torn)]++
		if t.Failed() {
			t.Fatalf("cut at byte %d of %d to %d", cut, from, to)
		}
	}
	if outcomes[Accepted] == 0 || outcomes[Known] == 0 {
		t.Errorf("the call was accepted and known %v times", outcomes)
	}
}

// readLog reads the one log of an outbox.
func readLog(t *testing.T, dir string) []byte {
	t.Helper()
	log, err := os.ReadFile(logFile(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	return log
}

func logFile(t *testing.T, dir string) string {
	t.Helper()
	logs, err := filepath.Glob(filepath.Join(dir, "*.log"))
	if err != nil || len(logs) != 1 {
		t.Fatalf("logs %v (%v)", logs, err)
	}
	return logs[0]
}

// checkTorn opens a copy of the outbox with another log, and returns how the
// torn call is answered when it is repeated.
func checkTorn(t *testing.T, dir string, log []byte, first Event, torn []Event) Outcome {
	t.Helper()
	copied := filepath.Join(t.TempDir(), "outbox")
	if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(logFile(t, copied), log, 0o666); err != nil {
		t.Fatal(err)
	}
	o := mustOpen(t, copied, Config{})
	defer o.Close()
	told := sound(t, o).Told
	want := Accepted
	if told == 21 {
		want = Known
	} else if told != 5 {
		t.Errorf("%d are told: the call is there in part", told)
	}
	add(t, o, noon, Known, first)
	add(t, o, noon, want, torn...)
	if got := sound(t, o); got.Told != 21 {
		t.Errorf("%d are told in the end", got.Told)
	}
	return want
}

// TestLogIsNotReadPastItsEnd: garbage behind the last call is no call.
func TestLogIsNotReadPastItsEnd(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "outbox")
	o := mustOpen(t, dir, Config{})
	for i := range 3 {
		add(t, o, noon, Accepted, event(fmt.Sprint(i), 5, noon))
	}
	o.Close()
	log := append(bytes.TrimRight(readLog(t, dir), "\x00"), "garbage"...)
	if err := os.WriteFile(logFile(t, dir), log, 0o666); err != nil {
		t.Fatal(err)
	}
	if got := sound(t, mustOpen(t, dir, Config{})); got.Told != 15 {
		t.Errorf("%d are told, want 15", got.Told)
	}
}
