package pebblestore

import (
	"context"
	"errors"
	"math"
	"strings"
	"sync"

	"github.com/meterd/meterd/internal/store"
)

// names holds all names in memory: there are few compared with facts, and every
// request needs some. Only the committer adds to it, and only what is durable.
type names struct {
	mu  sync.RWMutex
	ids map[string]store.NameID
	// list[i] has the id i+1.
	list []string
}

// find fills ids and reports whether it knew all names.
func (n *names) find(names []string, ids []store.NameID) bool {
	n.mu.RLock()
	defer n.mu.RUnlock()
	for i, name := range names {
		id, ok := n.ids[name]
		if !ok {
			return false
		}
		ids[i] = id
	}
	return true
}

func (n *names) name(id store.NameID) (string, bool) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	if id == 0 || uint64(id) > uint64(len(n.list)) {
		return "", false
	}
	return n.list[id-1], true
}

// add appends names, which get the next ids.
func (n *names) add(names []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, name := range names {
		n.list = append(n.list, name)
		n.ids[name] = store.NameID(len(n.list))
	}
}

// Intern implements store.Store.
func (s *Store) Intern(ctx context.Context, names []string, ids []store.NameID) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.gate.Leave()
	ids = ids[:len(names)] // A mistake shows here and not on the committer's goroutine.
	if s.names.find(names, ids) {
		return nil
	}
	return s.writeStaged(ctx, s.grouped, func(g *group) error { return g.intern(names, ids) })
}

// Name implements store.Store.
func (s *Store) Name(ctx context.Context, id store.NameID) (string, bool, error) {
	if err := s.enter(ctx); err != nil {
		return "", false, err
	}
	defer s.gate.Leave()
	name, ok := s.names.name(id)
	return name, ok, nil
}

var errNoMoreNames = errors.New("all ids for names are given away")

// intern stages the names that are new. That another job of the group brought a
// name is as good as new: its id may be used by those who wait for this group.
func (g *group) intern(names []string, ids []store.NameID) error {
	known := &g.s.names
	if uint64(len(known.list)+len(g.newNames)+len(names)) > math.MaxUint32 {
		return errNoMoreNames
	}
	for i, name := range names {
		id, ok := known.ids[name]
		if !ok {
			id, ok = g.ids[name]
		}
		if !ok {
			id = g.stageName(name)
		}
		ids[i] = id
	}
	return nil
}

// stageName gives a name the next id.
func (g *group) stageName(name string) store.NameID {
	// The caller's string may lie in a buffer that is used again.
	name = strings.Clone(name)
	g.newNames = append(g.newNames, name)
	id := store.NameID(len(g.s.names.list) + len(g.newNames))
	g.ids[name] = id
	g.key = appendNameKey(g.key[:0], id)
	g.value = append(g.value[:0], name...)
	g.set()
	return id
}
