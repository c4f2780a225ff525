package outbox

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

// TestNoWritesAfterOneFailed: what the disk says of later syncs is not to be
// trusted. Reads go on, and after a power cut what was acknowledged is there.
func TestNoWritesAfterOneFailed(t *testing.T) {
	for name, match := range map[string]func(errorfs.Op) bool{"sync": isLogSync, "write": isLogWrite} {
		t.Run(name, func(t *testing.T) {
			d := newDisk()
			o := d.open(t, Config{})
			add(t, o, noon, Accepted, event("acked", 5, noon.Add(-time.Hour)))
			freeze(t, o, noon)
			d.on(failing(match))
			unknown := event("unknown", 7, noon)
			_, err := o.Add(context.Background(), []Event{unknown}, noon)
			if !errors.Is(err, ErrUnknownOutcome) || !errors.Is(err, errorfs.ErrInjected) {
				t.Errorf("an event that the disk refused: %v", err)
			}
			checkStopped(t, o)
			d.on(nil)
			checkStopped(t, o)
			if r := onlyRecord(t, o); r.Quantity != 5 {
				t.Errorf("the record reads %+v", r)
			}
			if report, err := o.Check(context.Background()); err != nil || len(report.Problems) > 0 {
				t.Errorf("a check: %v, %v", report.Problems, err)
			}
			for _, kept := range []int{0, 50, 100} {
				again := d.powerCut(kept, 1).open(t, Config{})
				add(t, again, noon, Known, event("acked", 5, noon.Add(-time.Hour)))
				if _, err := again.Add(context.Background(), []Event{unknown}, noon); err != nil {
					t.Error(err)
				}
				if got := sound(t, again); got.Told != 12 {
					t.Errorf("with %d%% kept, %d are told, want 12", kept, got.Told)
				}
			}
		})
	}
}

// checkStopped checks that every write is refused, with the reason.
func checkStopped(t *testing.T, o *Outbox) {
	t.Helper()
	ctx := context.Background()
	_, addErr := o.Add(ctx, []Event{event("more", 1, noon)}, noon)
	_, closeErr := o.CloseCustomer(ctx, "", testKey(1).Customer, noon)
	stats, err := o.Stats(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for method, err := range map[string]error{
		"Add": addErr, "CloseCustomer": closeErr, "Stats": stats.Stopped,
		"MarkSent": o.MarkSent(ctx, nil, noon),
		"Discard":  o.Discard(ctx, RecordID{1, 1}, "ann", "", noon),
	} {
		if !errors.Is(err, ErrStopped) || !errors.Is(err, errorfs.ErrInjected) || errors.Is(err, ErrUnknownOutcome) {
			t.Errorf("%s after a failed write: %v", method, err)
		}
	}
}

// TestThoseThatWaitWhenTheDiskFails are refused, and not in doubt.
func TestThoseThatWaitWhenTheDiskFails(t *testing.T) {
	d := newDisk()
	o := d.open(t, Config{})
	entered, _, release := d.stall(t)
	first, rest := make(chan error), make(chan error)
	put := func(answer chan error, id string) {
		_, err := o.Add(context.Background(), []Event{event(id, 1, noon)}, noon)
		answer <- err
	}
	go put(first, "first")
	<-entered
	const waiting = 10
	for i := range waiting {
		go put(rest, fmt.Sprint(i))
	}
	eventually(t, "all wait", func() bool { return len(o.grouped) == waiting })
	release(errorfs.ErrInjected)
	if err := <-first; !errors.Is(err, ErrUnknownOutcome) {
		t.Errorf("the one that was being written: %v", err)
	}
	for range waiting {
		if err := <-rest; !errors.Is(err, ErrStopped) || errors.Is(err, ErrUnknownOutcome) {
			t.Errorf("one that waited: %v", err)
		}
	}
	if got := sound(t, d.powerCut(100, 0).open(t, Config{})); got.Events > 1 {
		t.Errorf("%d events though the outbox had stopped at the first", got.Events)
	}
}

// TestReplayedLogIsDurable: a process that is killed leaves behind what it wrote
// and the disk had not confirmed. Who opens the outbox answers by it, so it must
// not be lost any more.
func TestReplayedLogIsDurable(t *testing.T) {
	d := newDisk()
	o := d.open(t, Config{})
	entered, _, _ := d.stall(t)
	go o.Add(context.Background(), []Event{event("e1", 5, noon)}, noon)
	<-entered
	killed := d.powerCut(100, 0)
	add(t, killed.open(t, Config{}), noon, Known, event("e1", 5, noon))
	if got := sound(t, killed.powerCut(0, 0).open(t, Config{})); got.Told != 5 {
		t.Errorf("an event that was answered as known is gone: %+v", got)
	}
}

// TestDiskBecomesFull: events are refused while there is still room for
// everything else, and accepted again when there is more.
func TestDiskBecomesFull(t *testing.T) {
	d := newDisk()
	o := d.open(t, Config{ReserveBytes: 1000})
	ctx := context.Background()
	d.mem.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: 1000})
	add(t, o, noon, Accepted, event("e1", 5, noon))
	d.mem.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: 999})
	_, err := o.Add(ctx, []Event{event("e2", 7, noon)}, noon)
	if !errors.Is(err, ErrNoRoom) || !strings.Contains(err.Error(), "999") {
		t.Errorf("an event on a full disk: %v", err)
	}
	if stats, err := o.Stats(ctx); err != nil || !errors.Is(stats.NoRoom, ErrNoRoom) || stats.Stopped != nil {
		t.Errorf("%+v (%v)", stats, err)
	}
	if n := freeze(t, o, noon.Add(time.Hour)); n != 1 {
		t.Errorf("%d records were frozen in the reserve", n)
	}
	settle(t, o, onlyRecord(t, o).ID, Done, noon.Add(time.Hour))
	d.mem.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: 1001})
	add(t, o, noon, Accepted, event("e2", 7, noon))
	if got := sound(t, o); got.Told != 12 || got.Done != 5 {
		t.Errorf("%+v", got)
	}
	d.on(failing(func(op errorfs.Op) bool { return op.Kind == errorfs.OpGetDiskUsage }))
	if _, err := o.Add(ctx, []Event{event("e3", 1, noon)}, noon); !errors.Is(err, errorfs.ErrInjected) {
		t.Errorf("with a disk that does not say how full it is: %v", err)
	}
}

// full refuses all writes, as a disk without a byte left.
func full(op errorfs.Op) error {
	switch op.Kind {
	case errorfs.OpFileWrite, errorfs.OpFileWriteAt, errorfs.OpCreate, errorfs.OpFilePreallocate:
		return &os.PathError{Op: "write", Path: op.Path, Err: syscall.ENOSPC}
	}
	return nil
}

// TestFullDiskLosesNothing: somebody else fills the disk past the reserve. The
// outbox stops, can be closed, and opens again when there is room.
func TestFullDiskLosesNothing(t *testing.T) {
	d := newDisk()
	o := d.open(t, Config{})
	add(t, o, noon, Accepted, event("e1", 5, noon))
	d.on(full)
	if _, err := o.Add(context.Background(), []Event{event("e2", 7, noon)}, noon); !errors.Is(err, syscall.ENOSPC) || !errors.Is(err, ErrUnknownOutcome) {
		t.Errorf("an event on a full disk: %v", err)
	}
	d.on(nil)
	if err := o.Close(); errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	o = d.open(t, Config{})
	add(t, o, noon, Known, event("e1", 5, noon))
	if _, err := o.Add(context.Background(), []Event{event("e2", 7, noon)}, noon); err != nil {
		t.Error(err)
	}
	if got := sound(t, o); got.Told != 12 {
		t.Errorf("%+v", got)
	}
}

// TestMemoryThatCannotBeWrittenOut: as long as tables cannot be made, events are
// refused before they fill the memory; then all goes on.
func TestMemoryThatCannotBeWrittenOut(t *testing.T) {
	d := newDisk()
	o := d.open(t, Config{MemTableBytes: 64 << 10})
	var failures atomic.Int64
	d.on(func(op errorfs.Op) error {
		if op.Kind == errorfs.OpCreate && strings.HasSuffix(op.Path, ".sst") {
			failures.Add(1)
			return full(op)
		}
		return nil
	})
	accepted := 0
	var err error
	for ; err == nil && accepted < 10_000; accepted++ {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		_, err = o.Add(ctx, []Event{event(fmt.Sprintf("%0200d", accepted), 1, noon)}, noon)
		cancel()
	}
	accepted--
	if !errors.Is(err, ErrNoRoom) || !errors.Is(err, syscall.ENOSPC) || failures.Load() == 0 {
		t.Fatalf("after %d events and %d failures: %v", accepted, failures.Load(), err)
	}
	d.on(nil)
	eventually(t, "events are accepted again", func() bool {
		_, err = o.Add(context.Background(), []Event{event("more", 1, noon)}, noon)
		return err == nil
	})
	if got := sound(t, o); got.Told != int64(accepted)+1 {
		t.Errorf("%d are told, want %d", got.Told, accepted+1)
	}
}
