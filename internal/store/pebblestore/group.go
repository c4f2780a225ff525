package pebblestore

import (
	"github.com/cockroachdb/pebble/v2"

	"github.com/meterd/meterd/internal/pebbledir"
	"github.com/meterd/meterd/internal/store"
)

// group is what one batch, and so one sync, makes durable. It is used again for
// the next one.
type group struct {
	s     *Store
	batch *pebble.Batch
	jobs  []*job

	head store.Head
	// ids are those of newNames, which the store does not know yet.
	ids      map[string]store.NameID
	newNames []string

	// changed says that something else than calls is written.
	changed bool
	// requests and facts are how many were decided.
	requests, facts int
	// crowded says why no facts can be taken up, if so.
	crowded error
	// short says what the disk has no room for.
	short shortage

	// key and value are built here, one at a time.
	key, value []byte
	// err is the first trouble with the batch itself.
	err error
}

func newGroup(s *Store) *group {
	return &group{s: s, ids: make(map[string]store.NameID)}
}

// begin makes the group as new.
func (g *group) begin() {
	clear(g.jobs)
	clear(g.ids)
	*g = group{
		s: g.s, batch: g.s.db.NewBatch(), jobs: g.jobs[:0], head: g.s.head, ids: g.ids,
		key: g.key[:0], value: g.value[:0], crowded: g.s.makeRoom(), short: g.s.shortage(),
	}
}

// next returns a job that waits already, if the group has room for it.
func (g *group) next(more <-chan *job) *job {
	if len(g.jobs) >= groupJobs || g.batch.Len() >= groupBytes {
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
	err := g.s.stoppedBy()
	switch {
	case err != nil:
	case j.stage != nil && g.short.all != nil:
		err = g.short.all
	case j.stage != nil:
		before := g.batch.Count()
		err = j.stage(g)
		g.changed = g.changed || g.batch.Count() > before
	default:
		err = g.commit(j)
	}
	if err != nil {
		j.answer <- err
		return
	}
	g.jobs = append(g.jobs, j)
}

// set stages g.key and g.value.
func (g *group) set() {
	if err := g.batch.Set(g.key, g.value, nil); err != nil && g.err == nil {
		g.err = err
	}
}

// deleteRange stages the end of all keys from one to before another.
func (g *group) deleteRange(from, to []byte) {
	if err := g.batch.DeleteRange(from, to, nil); err != nil && g.err == nil {
		g.err = err
	}
}

// commitBatch writes the batch and has the disk confirm it.
func (g *group) commitBatch() error {
	if g.changed {
		g.key, g.value = append(g.key[:0], changesKey...), appendChanges(g.value[:0], g.s.changes+1)
		g.set()
	}
	if g.err != nil || g.batch.Empty() {
		return g.err
	}
	if err := pebbledir.Survive(func() error { return g.s.db.Apply(g.batch, pebble.Sync) }); err != nil {
		return err
	}
	// A batch that failed must not be used again, so it is not given back.
	return g.batch.Close()
}
