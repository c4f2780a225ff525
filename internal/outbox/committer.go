package outbox

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/meterd/meterd/internal/pebbledir"
)

var (
	// ErrUnknownOutcome is returned to those whose write the disk refused: the
	// next opening may find it done or not. To repeat it then is safe.
	ErrUnknownOutcome = errors.New("whether it was stored is not known")
	// ErrStopped is returned for every write after one that the disk refused.
	// Reads go on. Close the outbox and open it again when the disk is well.
	ErrStopped = errors.New("the outbox accepts nothing since a write failed")
)

// job is what one caller wants to have written.
type job struct {
	// stage adds the job to a group. After an error nothing was added and the
	// error is the answer. It runs on the committer's goroutine, which holds the
	// outbox's lock.
	stage func(*group) error
	// taken is set by whoever comes first: the committer, when it begins, or
	// the caller, when it gives up waiting for that.
	taken atomic.Bool
	// answer has room for the one answer.
	answer chan error
}

// write has the committer stage and commit something, and waits until it is
// durable. The context bounds the wait for the committer; what has begun is not
// undone. The caller must be inside the gate.
func (o *Outbox) write(ctx context.Context, queue chan<- *job, stage func(*group) error) error {
	j := &job{stage: stage, answer: make(chan error, 1)}
	select {
	case queue <- j:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-j.answer:
		return err
	case <-ctx.Done():
		if j.taken.CompareAndSwap(false, true) {
			return ctx.Err()
		}
		return <-j.answer
	}
}

// change enters, checks now, and writes something that shares a batch with
// nothing else.
func (o *Outbox) change(ctx context.Context, now time.Time, stage func(*group) error) error {
	if err := checkNow(now); err != nil {
		return err
	}
	if err := o.enter(ctx); err != nil {
		return err
	}
	defer o.gate.Leave()
	return o.write(ctx, o.alone, stage)
}

// commitAll is the committer. It returns when the queue is closed.
func (o *Outbox) commitAll() {
	defer close(o.finished)
	for {
		select {
		case j, ok := <-o.grouped:
			if !ok {
				return
			}
			o.awaitMemory()
			o.commitGroup(j, o.grouped)
		case j := <-o.alone:
			o.commitGroup(j, nil)
		}
	}
}

// commitGroup commits the first job together with what else waits, and answers
// all of them.
func (o *Outbox) commitGroup(first *job, more <-chan *job) {
	g := o.newGroup()
	o.mu.Lock()
	for j := first; j != nil; j = g.next(more) {
		g.take(j)
	}
	g.finish()
	o.mu.Unlock()
	err := g.commit()
	if err != nil {
		err = o.stop(err)
	} else if g.entered != nil {
		o.front.enter(g.entered)
	}
	for _, j := range g.jobs {
		j.answer <- err
	}
}

// stop makes the outbox refuse all further writes, and returns the answer for
// those whose write was refused by the disk.
func (o *Outbox) stop(cause error) error {
	o.stopped.Store(&cause)
	o.cfg.Logger.Error("the outbox accepts nothing any more", "error", cause)
	return fmt.Errorf("writing to the outbox: %w: %w", ErrUnknownOutcome, cause)
}

// refusal says why the outbox accepts no more writes, if it does not.
func (o *Outbox) refusal() error {
	if cause := o.stopped.Load(); cause != nil {
		return fmt.Errorf("%w: %w", ErrStopped, *cause)
	}
	return nil
}

// group is what one batch, and so one sync, makes durable.
type group struct {
	o     *Outbox
	batch *pebble.Batch
	jobs  []*job

	// claimed are the ids of this group, which are not in the database yet.
	claimed map[EventID]claim
	// opening is how many sums the call that is being decided will open.
	opening int
	// entered is the first place in the queue that the group makes.
	entered []byte
	// log are the additions of this group, encoded. checkpointed: they are not
	// to be logged, but the log is to end.
	log          []byte
	checkpointed bool

	// key and value are built here, one at a time.
	key, value []byte
	// err is the first trouble with the batch itself.
	err error
}

// newGroup reuses the buffers of the last group.
func (o *Outbox) newGroup() *group {
	g := &o.scratch
	clear(g.claimed)
	*g = group{o: o, batch: o.db.NewBatch(), jobs: g.jobs[:0], claimed: g.claimed, log: g.log[:0], key: g.key, value: g.value}
	return g
}

// next returns a job that waits already, if the group has room for it.
func (g *group) next(more <-chan *job) *job {
	if len(g.claimed) >= groupEvents || len(g.jobs) >= queueLength {
		return nil
	}
	select {
	case j := <-more:
		return j
	default:
		return nil
	}
}

// take stages a job, unless its caller no longer waits.
func (g *group) take(j *job) {
	if !j.taken.CompareAndSwap(false, true) {
		return
	}
	err := g.o.refusal()
	if err == nil {
		err = j.stage(g)
	}
	if err != nil {
		j.answer <- err
		return
	}
	g.jobs = append(g.jobs, j)
}

// finish stages what the jobs of the group have together: the log of additions,
// or the sums that they lead to.
func (g *group) finish() {
	if g.checkpointed || g.o.logged >= g.o.checkpointAt {
		g.checkpoint()
		return
	}
	if len(g.log) > 0 {
		g.o.lastLog++
		g.key = appendSequence(g.key[:0], logTable, g.o.lastLog)
		g.set(append(append(g.value[:0], valueFormat), g.log...))
	}
}

// set stages g.key and a value, whose buffer becomes g.value.
func (g *group) set(value []byte) {
	g.value = value
	g.note(g.batch.Set(g.key, value, nil))
}

// remove stages the end of g.key.
func (g *group) remove() { g.note(g.batch.Delete(g.key, nil)) }

func (g *group) note(err error) {
	if err != nil && g.err == nil {
		g.err = err
	}
}

// commit writes the batch and has the disk confirm it.
func (g *group) commit() error {
	if g.err != nil {
		return g.err
	}
	if !g.batch.Empty() {
		if err := pebbledir.Survive(func() error { return g.o.db.Apply(g.batch, pebble.Sync) }); err != nil {
			return err // A batch that failed must not be used again, so it is not given back.
		}
	}
	return g.batch.Close()
}
