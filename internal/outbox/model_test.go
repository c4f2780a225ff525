package outbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/meterd/meterd/internal/metering"
)

const (
	modelSteps = 150
	// modelMemTable is so small that logs and tables change all the time.
	modelMemTable = 64 << 10
)

// world is an outbox in use, with all that a trivial model knows of it: which
// events were acknowledged, what was frozen, and what the service has. Power is
// cut in the middle of operations; the model then repeats what it does not know
// the end of, as an agent would.
type world struct {
	*testing.T
	o    *Outbox
	disk *disk
	cfg  Config
	rng  *rand.Rand
	now  time.Time

	cuts int

	next   int
	events map[EventID]Event
	// batches are their names, and batch is the latest.
	batches int
	batch   []Event
	told    map[Key]int64
	frozen  map[RecordID][]byte
	// billed is what the service has: create once, or tell what stands there.
	billed map[RecordID]int64
}

func TestModel(t *testing.T) {
	worlds, cuts := 0, 0
	for seed := range uint64(*rounds) {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			worlds++
			cuts += runModel(t, seed)
		})
	}
	t.Logf("%d power cuts in %d worlds", cuts, worlds)
	if cuts < worlds && !t.Failed() {
		t.Errorf("only %d power cuts in %d worlds; this test saw too little", cuts, worlds)
	}
}

func runModel(t *testing.T, seed uint64) (cuts int) {
	rng := rand.New(rand.NewPCG(seed, 20261122))
	per := []int64{1, 1, 7}[rng.IntN(3)]
	included := []int64{0, 0, 100}[rng.IntN(3)]
	w := &world{
		T: t, disk: newDisk(), rng: rng, now: at("2026-11-28T20:30:00Z"),
		cfg: Config{
			MemTableBytes: modelMemTable, Remember: 10 * day, Keep: 12 * day,
			Terms: func(Key) Terms { return Terms{per, included} },
		},
		events: map[EventID]Event{}, told: map[Key]int64{}, frozen: map[RecordID][]byte{}, billed: map[RecordID]int64{},
	}
	w.o = w.disk.open(t, w.cfg)
	w.o.checkpointAt = 1 + rng.IntN(200)
	steps := []func(){w.add, w.add, w.add, w.add, w.addBatch, w.addBatch, w.passTime, w.freeze, w.freeze, w.send, w.send, w.expire, w.ensure, w.closeCustomer, w.act, w.forget, w.observe}
	for range modelSteps {
		steps[rng.IntN(len(steps))]()
		if t.Failed() {
			return w.cuts
		}
	}
	w.finish()
	return w.cuts
}

// cut does something, perhaps while the power is cut, and reports whether its
// end is unknown. The image of the disk is taken before a random operation.
func (w *world) cut(do func() error) (unknown bool) {
	w.Helper()
	// The engine works in the background too, so a cut may come too late for
	// this call; then there was none.
	var cut atomic.Pointer[disk]
	if w.rng.IntN(4) == 0 {
		left, percent, seed := int64(1+w.rng.IntN(12)), 50*w.rng.IntN(3), w.rng.Uint64()
		var count atomic.Int64
		d := w.disk
		d.on(func(op errorfs.Op) error {
			if op.Kind.ReadOrWrite() == errorfs.OpIsWrite && count.Add(1) == left {
				cut.Store(d.powerCut(percent, seed))
			}
			return nil
		})
	}
	err := do()
	w.disk.on(nil)
	image := cut.Load()
	if image == nil {
		if err != nil {
			w.Fatal(err)
		}
		return false
	}
	w.cuts++
	if err := w.o.Close(); err != nil {
		w.Fatal(err)
	}
	at := w.o.checkpointAt
	w.disk, w.o = image, image.open(w.T, w.cfg)
	w.o.checkpointAt = at
	w.check()
	return true
}

// settled does something again until its end is known. What was done already
// may be refused the second time.
func (w *world) settled(do func() error, again ...error) {
	w.Helper()
	for repeated := false; w.cut(func() error {
		err := do()
		for _, known := range again {
			if repeated && errors.Is(err, known) {
				return nil
			}
		}
		return err
	}); repeated = true {
	}
}

var modelTags = [][]metering.Tag{nil, nil, nil, {{Key: "team", Value: "a"}}, {{Key: "team", Value: "b"}, {Key: "env", Value: "x"}}, {{Key: "k3", Value: "1"}, {Key: "k4", Value: "1"}, {Key: "k5", Value: "1"}, {Key: "k6", Value: "1"}}}

// add adds events, some of them for the second time.
func (w *world) add() {
	events := make([]Event, 1+w.rng.IntN(20))
	for i := range events {
		if w.next > 0 && w.rng.IntN(4) == 0 {
			id := EventID(fmt.Sprint(w.rng.IntN(w.next)))
			if e, ok := w.events[id]; ok {
				// Whatever its time is said to be, it is the same event.
				if w.rng.IntN(2) == 0 {
					e.Time = w.now
				}
				events[i] = e
				continue
			}
		}
		e := Event{ID: EventID(fmt.Sprint(w.next)), Key: testKey(w.rng.IntN(3)), Tags: modelTags[w.rng.IntN(len(modelTags))], Time: w.now}
		w.next++
		switch w.rng.IntN(10) {
		case 0:
			e.Quantity = -w.rng.Int64N(100)
		case 1:
			e.Quantity = w.rng.Int64N(3 * QuantityMax)
		default:
			e.Quantity = w.rng.Int64N(50)
		}
		if w.rng.IntN(3) == 0 {
			e.Time = w.now.Add(-time.Duration(w.rng.Int64N(int64(40 * time.Hour))))
		}
		events[i] = e
	}
	var answers []Answer
	w.settled(func() (err error) {
		answers, err = w.o.Add(context.Background(), events, w.now)
		return err
	})
	for i, e := range events {
		_, known := w.events[e.ID]
		switch {
		case answers[i].Outcome == Accepted && !known, answers[i].Outcome == Known && !known:
			// Known when the power was cut behind it.
			w.events[e.ID] = e
			w.told[e.Key] += e.Quantity
		case answers[i].Outcome == Known:
		case answers[i].Outcome == Refused && answers[i].Reason == ReasonTooOld && w.forgotten(e):
		default:
			w.Fatalf("event %+v, known %t: %+v", e, known, answers[i])
		}
	}
}

// addBatch adds a batch, or the latest one for the second time.
func (w *world) addBatch() {
	again := w.batch != nil && w.rng.IntN(3) == 0
	if !again {
		w.batches++
		w.batch = nil
		for range 1 + w.rng.IntN(20) {
			e := Event{Key: testKey(w.rng.IntN(3)), Tags: modelTags[w.rng.IntN(len(modelTags))], Quantity: w.rng.Int64N(60) - 10}
			e.Time = w.now.Add(-time.Duration(w.rng.Int64N(int64(4 * time.Hour))))
			w.batch = append(w.batch, e)
		}
	}
	id := EventID(fmt.Sprint("batch ", w.batches))
	var answers []Answer
	w.settled(func() (err error) {
		answers, err = w.o.AddBatch(context.Background(), id, w.batch, w.now)
		return err
	})
	for i, e := range w.batch {
		switch outcome := answers[i].Outcome; {
		case again && (outcome == Known || w.forgotten(e)):
		case !again && (outcome == Accepted || outcome == Known): // Known when the power was cut behind it.
			w.events[EventID(fmt.Sprintf("%s/%d", id, i))] = e
			w.told[e.Key] += e.Quantity
		default:
			w.Fatalf("event %+v of a batch, again %t: %+v", e, again, answers[i])
		}
	}
}

// forgotten reports whether an event may be too old to be known.
func (w *world) forgotten(e Event) bool { return w.now.Sub(e.Time) > w.cfg.Remember }

func (w *world) passTime() {
	switch w.rng.IntN(12) {
	case 0:
		w.now = w.now.Add(time.Duration(w.rng.Int64N(int64(30 * time.Hour))))
	case 1:
		w.now = w.now.Add(-time.Duration(w.rng.Int64N(int64(2 * time.Hour))))
	default:
		w.now = w.now.Add(time.Duration(w.rng.Int64N(int64(80 * time.Minute))))
	}
}

func (w *world) freeze() {
	settle := time.Duration(w.rng.IntN(20)) * time.Minute
	w.settled(func() error { _, err := w.o.Freeze(context.Background(), w.now, settle); return err })
	w.observe()
}

func (w *world) ensure() {
	hour := HourOf(w.now) - Hour(w.rng.IntN(3))
	w.settled(func() error {
		_, err := w.o.EnsureZero(context.Background(), []Key{testKey(0), testKey(2)}, hour, w.now)
		return err
	})
}

func (w *world) closeCustomer() {
	if w.rng.IntN(3) > 0 {
		return
	}
	w.settled(func() error {
		_, err := w.o.CloseCustomer(context.Background(), "", testKey(w.rng.IntN(3)).Customer, w.now)
		return err
	})
	w.observe()
}

// send sends some records to a service that loses answers and refuses some.
func (w *world) send() {
	var batch []Record
	for r, err := range w.o.Pending(context.Background(), w.now, 1+w.rng.IntN(25)) {
		if err != nil {
			w.Fatal(err)
		}
		batch = append(batch, r)
	}
	ids := make([]RecordID, len(batch))
	for i, r := range batch {
		ids[i] = r.ID
	}
	w.settled(func() error { return w.o.MarkSent(context.Background(), ids, w.now) })
	if len(batch) == 0 {
		return
	}
	verdicts := w.service(batch)
	if w.rng.IntN(5) == 0 {
		return // The answer is lost.
	}
	w.settled(func() error { return w.o.Settle(context.Background(), verdicts, w.now) })
}

// service stores what it is sent, once for each key and hour.
func (w *world) service(batch []Record) (verdicts []Verdict) {
	for _, r := range batch {
		w.sameBytes(r)
		if refusal := w.o.cfg.Window.Check(r.Timestamp, w.now); refusal != nil {
			// A clock that was set back. The agent would wait.
			if refusal.Rule != metering.RuleTimestampInFuture {
				w.Fatalf("record %s was sent too late: %v", r.ID, refusal)
			}
			continue
		}
		standing, ok := w.billed[r.ID]
		switch {
		case ok && standing != r.Quantity:
			w.Fatalf("record %s was sent with %d and then with %d", r.ID, standing, r.Quantity)
		case !ok && w.rng.IntN(8) == 0:
			verdicts = append(verdicts, Verdict{Record: r.ID, State: Dead, Status: metering.CustomerNotSubscribed, Cause: "not subscribed"})
		default:
			w.billed[r.ID] = r.Quantity
			verdicts = append(verdicts, Verdict{Record: r.ID, State: Done, Status: metering.Success})
		}
	}
	return verdicts
}

func (w *world) expire() {
	w.settled(func() error { _, err := w.o.Expire(context.Background(), w.now); return err })
}

// act decides about a dead letter, as somebody who has asked the service.
func (w *world) act() {
	letters := deadLetters(w.T, w.o)
	if len(letters) == 0 {
		return
	}
	r, choice := letters[0], w.rng.IntN(3)
	quantity, billed := w.billed[r.ID]
	if billed && quantity != r.Quantity {
		w.Fatalf("dead letter %s has %d, the service %d", r.ID, r.Quantity, quantity)
	}
	w.settled(func() error {
		ctx := context.Background()
		switch {
		case billed:
			return w.o.Settle(ctx, []Verdict{{Record: r.ID, State: Done}}, w.now)
		case choice == 0:
			return w.o.Discard(ctx, r.ID, "somebody", "a gift", w.now)
		case choice == 1 && r.Deadline.After(w.now):
			return w.o.Resend(ctx, r.ID, "somebody", "subscribed again", w.now)
		}
		return w.o.CarryOn(ctx, r.ID, "somebody", "still due", w.now)
	}, ErrState)
}

func (w *world) forget() {
	if w.rng.IntN(4) > 0 {
		return
	}
	w.settled(func() error { _, err := w.o.Forget(context.Background(), w.now); return err })
}

// observe remembers every record that can be seen, and checks that those that
// were seen before have not changed.
func (w *world) observe() {
	for r, err := range w.o.Records(context.Background(), Filter{}) {
		if err != nil {
			w.Fatal(err)
		}
		w.sameBytes(r)
	}
}

func (w *world) sameBytes(r Record) {
	w.Helper()
	now := appendFrozen(nil, &r)
	if then, ok := w.frozen[r.ID]; ok && !bytes.Equal(then, now) {
		w.Fatalf("record %s was %x and is %x", r.ID, then, now)
	}
	w.frozen[r.ID] = now
}

// check compares the outbox with the model.
func (w *world) check() {
	w.Helper()
	sound(w.T, w.o)
	w.observe()
	for _, a := range w.o.Accounts("", Customer{}) {
		// What was being added when the power was cut may be there already.
		if a.Totals.Events < w.eventsOf(a.Key) {
			w.Fatalf("%s has %d events, %d were acknowledged", a.Key, a.Totals.Events, w.eventsOf(a.Key))
		}
	}
}

// allRest reports whether nothing is open that could become a record.
func (w *world) allRest() bool {
	for _, a := range w.o.byID {
		for _, b := range a.open {
			if !w.o.rests(b) {
				return false
			}
		}
	}
	return true
}

func (w *world) eventsOf(k Key) (n int64) {
	for _, e := range w.events {
		if e.Key == k {
			n++
		}
	}
	return n
}

// finish lets two weeks pass, in which everything is sent, and compares to the
// unit what was told with what the service has and what is left.
func (w *world) finish() {
	ctx := context.Background()
	for range 14 * 24 {
		w.now = w.now.Add(time.Hour)
		if _, err := w.o.Freeze(ctx, w.now, 0); err != nil {
			w.Fatal(err)
		}
		w.send()
		w.expire()
		if stats, err := w.o.Stats(ctx); err != nil {
			w.Fatal(err)
		} else if stats.Pending == 0 && w.allRest() {
			break
		}
	}
	w.observe()
	if got := sound(w.T, w.o); got.Pending > 0 {
		w.Errorf("after two weeks %d are pending", got.Pending)
	}
	billed := map[Key]int64{}
	for id, quantity := range w.billed {
		k, err := w.o.keyOf(id.key)
		if err != nil {
			w.Fatal(err)
		}
		billed[k] += quantity * w.cfg.Terms(k).Per
	}
	for _, a := range w.o.Accounts("", Customer{}) {
		t := a.Totals
		if t.Told != w.told[a.Key] || t.Events != w.eventsOf(a.Key) {
			w.Errorf("%s: %d of %d events, the model %d of %d", a.Key, t.Told, t.Events, w.told[a.Key], w.eventsOf(a.Key))
		}
		inDoubt := int64(0) // The service has it, but its answer was lost.
		for _, r := range records(w.T, w.o, Filter{Customer: a.Key.Customer}) {
			if r.Fate.State != Done {
				inDoubt += w.billed[r.ID] * r.Note.Per
			}
		}
		if t.Done+inDoubt != billed[a.Key] {
			w.Errorf("%s: the service has %d, done are %d, in doubt %d", a.Key, billed[a.Key], t.Done, inDoubt)
		}
	}
}
