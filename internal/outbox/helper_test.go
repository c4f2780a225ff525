package outbox

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/meterd/meterd/internal/metering"
)

// disk is a disk in memory that can lose power, and whose operations can be
// watched or made to fail.
type disk struct {
	mem  *vfs.MemFS
	hook atomic.Pointer[func(errorfs.Op) error]
}

func newDisk() *disk { return &disk{mem: vfs.NewCrashableMem()} }

// on sets what happens before each operation; nil is nothing.
func (d *disk) on(hook func(errorfs.Op) error) {
	if hook == nil {
		d.hook.Store(nil)
		return
	}
	d.hook.Store(&hook)
}

func (d *disk) fs() vfs.FS {
	return errorfs.Wrap(d.mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if hook := d.hook.Load(); hook != nil {
			return (*hook)(op)
		}
		return nil
	}))
}

// powerCut is the disk after a power cut, which keeps a share of what was not
// confirmed. 100 is a killed process: everything it wrote is there.
func (d *disk) powerCut(percent int, seed uint64) *disk {
	return &disk{mem: d.mem.CrashClone(vfs.CrashCloneCfg{
		UnsyncedDataPercent: percent, RNG: rand.New(rand.NewPCG(seed, 0)),
	})}
}

func (d *disk) open(t *testing.T, cfg Config) *Outbox {
	t.Helper()
	cfg.FS = d.fs()
	o, err := Open("outbox", cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		d.on(nil)
		o.Close() // A second Close, or that of an outbox that has stopped, may fail.
	})
	return o
}

// isLogSync matches the syncs of the write-ahead log, isLogWrite its writes, as
// a full disk refuses them.
func isLogSync(op errorfs.Op) bool {
	switch op.Kind {
	case errorfs.OpFileSync, errorfs.OpFileSyncData, errorfs.OpFileSyncTo:
		return strings.HasSuffix(op.Path, ".log")
	}
	return false
}

func isLogWrite(op errorfs.Op) bool {
	return op.Kind == errorfs.OpFileWrite && strings.HasSuffix(op.Path, ".log")
}

// failing makes all operations that match fail.
func failing(match func(errorfs.Op) bool) func(errorfs.Op) error {
	return func(op errorfs.Op) error {
		if match(op) {
			return errorfs.ErrInjected
		}
		return nil
	}
}

// stall holds the next sync of the log until release, which says how it ends;
// entered is closed when it is held. syncs counts from then on.
func (d *disk) stall(t *testing.T) (entered chan struct{}, syncs *atomic.Int64, release func(error)) {
	entered, syncs = make(chan struct{}), new(atomic.Int64)
	held := make(chan error, 1)
	d.on(func(op errorfs.Op) error {
		if isLogSync(op) && syncs.Add(1) == 1 {
			close(entered)
			return <-held
		}
		return nil
	})
	release = func(err error) {
		select {
		case held <- err:
		default: // It was released before.
		}
	}
	t.Cleanup(func() { release(nil) })
	return entered, syncs, release
}

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err) // unreachable unless a test's own text is wrong
	}
	return t
}

// noon is a time in the middle of a month.
var noon = at("2026-11-22T12:00:00Z")

// testKey is the n-th customer's.
func testKey(n int) Key {
	return Key{"prod-abc123", Customer{Account: metering.AccountID(fmt.Sprintf("%012d", n))}, "users"}
}

// event is usage of the first key.
func event(id string, quantity int64, t time.Time, tags ...metering.Tag) Event {
	return Event{ID: EventID(id), Key: testKey(1), Quantity: quantity, Tags: tags, Time: t}
}

// add adds events and checks that all come out as want.
func add(t *testing.T, o *Outbox, now time.Time, want Outcome, events ...Event) {
	t.Helper()
	answers, err := o.Add(context.Background(), events, now)
	if err != nil {
		t.Fatal(err)
	}
	for i, answer := range answers {
		if answer.Outcome != want {
			t.Fatalf("event %q is %s (%s: %s), want %s", events[i].ID, answer.Outcome, answer.Reason, answer.Detail, want)
		}
	}
}

func freeze(t *testing.T, o *Outbox, now time.Time) int {
	t.Helper()
	n, err := o.Freeze(context.Background(), now, 0)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// records are all records that a filter chooses.
func records(t *testing.T, o *Outbox, f Filter) []Record {
	t.Helper()
	var list []Record
	for r, err := range o.Records(context.Background(), f) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, r)
	}
	return list
}

// onlyRecord is the one record of an outbox.
func onlyRecord(t *testing.T, o *Outbox) Record {
	t.Helper()
	list := records(t, o, Filter{})
	if len(list) != 1 {
		t.Fatalf("%d records, want one: %+v", len(list), list)
	}
	return list[0]
}

func pending(t *testing.T, o *Outbox, now time.Time) []Record {
	t.Helper()
	var list []Record
	for r, err := range o.Pending(context.Background(), now, 0) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, r)
	}
	return list
}

func deadLetters(t *testing.T, o *Outbox) []Record {
	t.Helper()
	var list []Record
	for r, err := range o.DeadLetters(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, r)
	}
	return list
}

// settle stores a verdict of a state.
func settle(t *testing.T, o *Outbox, id RecordID, state State, now time.Time) {
	t.Helper()
	if err := o.Settle(context.Background(), []Verdict{{Record: id, State: state, Cause: "refused"}}, now); err != nil {
		t.Fatal(err)
	}
}

// sound checks that the outbox adds up, and returns the totals.
func sound(t *testing.T, o *Outbox) Totals {
	t.Helper()
	report, err := o.Check(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range report.Problems {
		t.Error(problem)
	}
	stats, err := o.Stats(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if stats.Totals != report.Totals {
		t.Errorf("memory says %+v, the disk %+v", stats.Totals, report.Totals)
	}
	return report.Totals
}

// eventually waits until something is so.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !is(); time.Sleep(100 * time.Microsecond) {
		if time.Now().After(deadline) {
			t.Fatalf("after 10 s still not: %s", what)
		}
	}
}
