package pgstore

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"

	"github.com/meterd/meterd/internal/store"
)

// names remembers all names that this replica has met: there are few compared
// with facts, and every request needs some. Names never change.
type names struct {
	mu   sync.RWMutex
	ids  map[string]store.NameID
	byID map[store.NameID]string

	// queue is for names that must be looked for in the database, or made there.
	queue    chan *naming
	interned sync.WaitGroup
}

// naming is what one caller wants to have named.
type naming struct {
	names []string
	// answer has room for the one answer.
	answer chan error
}

func newNames() names {
	return names{
		ids:   make(map[string]store.NameID),
		byID:  make(map[store.NameID]string),
		queue: make(chan *naming, groupJobs),
	}
}

// find fills ids, and returns copies of the names that it does not know.
func (n *names) find(names []string, ids []store.NameID) (unknown []string) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	for i, name := range names {
		id, ok := n.ids[name]
		if !ok {
			// The caller's string may lie in a buffer that is used again.
			unknown = append(unknown, strings.Clone(name))
		}
		ids[i] = id
	}
	return unknown
}

func (n *names) name(id store.NameID) (string, bool) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	name, ok := n.byID[id]
	return name, ok
}

func (n *names) add(name string, id store.NameID) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ids[name], n.byID[id] = id, name
}

// Intern implements store.Store.
func (s *Store) Intern(ctx context.Context, names []string, ids []store.NameID) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.gate.Leave()
	unknown := s.names.find(names, ids)
	if len(unknown) == 0 {
		return nil
	}
	if err := s.refusal(); err != nil {
		return err
	}
	n := &naming{names: unknown, answer: make(chan error, 1)}
	select {
	case s.names.queue <- n:
	case <-ctx.Done():
		return s.tooLong(ctx)
	}
	select {
	case err := <-n.answer:
		if err != nil {
			return err
		}
	case <-ctx.Done():
		return s.tooLong(ctx)
	}
	if len(s.names.find(names, ids)) > 0 {
		return fmt.Errorf("interning names: %w", errDamaged) // unreachable unless answer lies
	}
	return nil
}

// Name implements store.Store.
func (s *Store) Name(ctx context.Context, id store.NameID) (string, bool, error) {
	if name, ok := s.names.name(id); ok {
		if err := s.enter(ctx); err != nil {
			return "", false, err
		}
		s.gate.Leave()
		return name, true, nil
	}
	var name []byte
	err := s.read(ctx, func(ctx context.Context) error {
		return s.readers.QueryRow(ctx, "SELECT name FROM meterd.names WHERE id = $1", int64(id)).Scan(&name)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("reading name %d: %w", id, err)
	}
	s.names.add(string(name), id)
	return string(name), true, nil
}

// internAll has all that waits named at once. It returns when the queue is
// closed.
func (s *Store) internAll() {
	defer s.names.interned.Done()
	for first := range s.names.queue {
		waiting := []*naming{first}
		for more := true; more && len(waiting) < groupJobs; {
			select {
			case n, ok := <-s.names.queue:
				if more = ok; ok {
					waiting = append(waiting, n)
				}
			default:
				more = false
			}
		}
		err := s.intern(waiting)
		for _, n := range waiting {
			n.answer <- err
		}
	}
}

// intern makes all names known. That a transaction has an unknown outcome is no
// trouble here: what it did or did not do is seen when it is run again.
func (s *Store) intern(waiting []*naming) error {
	wanted := newNamesWanted(waiting)
	ctx, cancel := bounded(s.background, s.cfg.Patience)
	defer cancel()
	err := retry(ctx, func() error {
		if err := s.findNames(ctx, wanted); err != nil {
			return beforeCommit(err)
		}
		err := s.makeNames(ctx, wanted)
		if errors.Is(err, store.ErrUnknownOutcome) {
			return again{err}
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("interning names: %w", lateness(ctx, err))
	}
	return nil
}

// namesWanted are names by their digests.
type namesWanted struct {
	names map[digest]string
	// order is that in which they were told, without repetitions.
	order []digest
}

type digest [sha256.Size]byte

func newNamesWanted(waiting []*naming) *namesWanted {
	w := &namesWanted{names: map[digest]string{}}
	for _, n := range waiting {
		for _, name := range n.names {
			sum := digest(sha256.Sum256([]byte(name)))
			if _, ok := w.names[sum]; !ok {
				w.names[sum] = name
				w.order = append(w.order, sum)
			}
		}
	}
	return w
}

// columns are the digests and the names as the database takes them.
func (w *namesWanted) columns() (digests, names [][]byte) {
	for i := range w.order {
		digests = append(digests, w.order[i][:])
		names = append(names, []byte(w.names[w.order[i]]))
	}
	return digests, names
}

// findNames takes those names out that the database has.
func (s *Store) findNames(ctx context.Context, w *namesWanted) error {
	digests, _ := w.columns()
	rows, err := s.readers.Query(ctx, "SELECT digest, id FROM meterd.names WHERE digest = ANY($1)", digests)
	if err != nil {
		return err
	}
	var sum []byte
	var id int64
	_, err = pgx.ForEachRow(rows, []any{&sum, &id}, func() error {
		if len(sum) != len(digest{}) {
			return fmt.Errorf("digest of %d bytes of name %d: %w", len(sum), id, errDamaged)
		}
		if name, ok := w.names[digest(sum)]; ok {
			s.names.add(name, store.NameID(id))
			delete(w.names, digest(sum))
		}
		return nil
	})
	w.order = slices.DeleteFunc(w.order, func(sum digest) bool {
		_, left := w.names[sum]
		return !left
	})
	return err
}

// errNamesRace: another replica has made one of the names, or used one of the
// ids.
var errNamesRace = errors.New("another replica made names at the same time")

var errNoMoreNames = errors.New("all ids for names are given away")

// makeNames gives the next ids to the names that are left, without gaps: to all
// or to none, so that no id is lost to a name that another replica has made in
// the meantime.
func (s *Store) makeNames(ctx context.Context, w *namesWanted) error {
	if len(w.order) == 0 {
		return nil
	}
	digests, names := w.columns()
	ids := make([]int64, len(digests))
	err := s.transact(ctx, func(tx pgx.Tx) error {
		var last int64
		if err := tx.QueryRow(ctx, "SELECT coalesce(max(id), 0) FROM meterd.names").Scan(&last); err != nil {
			return err
		}
		if last+int64(len(ids)) > math.MaxUint32 {
			return refusal{errNoMoreNames}
		}
		for i := range ids {
			ids[i] = last + 1 + int64(i)
		}
		made, err := tx.Exec(ctx, `
			INSERT INTO meterd.names (id, digest, name)
			SELECT id, digest, name FROM unnest($1::int8[], $2::bytea[], $3::bytea[]) AS v (id, digest, name)
			ON CONFLICT DO NOTHING`, ids, digests, names)
		if err == nil && made.RowsAffected() != int64(len(ids)) {
			err = again{errNamesRace}
		}
		return err
	})
	if err == nil {
		for i := range ids {
			s.names.add(string(names[i]), store.NameID(ids[i]))
		}
	}
	return err
}
