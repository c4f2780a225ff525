package memstore

import (
	"context"
	"strings"

	"github.com/meterd/meterd/internal/store"
)

// Intern implements store.Store.
func (s *Store) Intern(ctx context.Context, names []string, ids []store.NameID) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	for i, name := range names {
		id, ok := s.ids[name]
		if !ok {
			// The caller's string may lie in a buffer that is used again.
			name = strings.Clone(name)
			s.names = append(s.names, name)
			id = store.NameID(len(s.names))
			s.ids[name] = id
			s.payload += len(name)
		}
		ids[i] = id
	}
	return nil
}

// Name implements store.Store.
func (s *Store) Name(ctx context.Context, id store.NameID) (string, bool, error) {
	if err := s.enter(ctx); err != nil {
		return "", false, err
	}
	defer s.mu.Unlock()
	if id == 0 || int(id) > len(s.names) {
		return "", false, nil
	}
	return s.names[id-1], true, nil
}
