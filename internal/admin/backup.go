package admin

import (
	"errors"
	"net/http"
	"time"

	"github.com/meterd/meterd/internal/backup"
)

// NoBackup is what is said where a ledger is in no data directory.
const NoBackup = "only a ledger in a data directory can be backed up by meterd: a database has its own means (pg_dump, point in time recovery), and 'meterd export' writes any ledger out"

// backup streams a backup while calls go on. The status has been sent when a
// fault comes; the client then sees the connection break, and that the manifest at
// the end is missing.
func (a *Admin) backup(w http.ResponseWriter, r *http.Request) {
	if a.cfg.Scratch == "" {
		a.fail(w, refuse(http.StatusConflict, NoBackup))
		return
	}
	if !a.backingUp.TryLock() {
		a.fail(w, refuse(http.StatusConflict, "a backup is under way; there is one at a time"))
		return
	}
	defer a.backingUp.Unlock()
	begun := false
	begin := func() {
		begun = true
		w.Header().Set("Content-Type", "application/x-tar")
		w.Header().Set("Cache-Control", "no-store")
	}
	started := time.Now()
	err := backup.Write(r.Context(), a.ledger, a.cfg.Scratch, a.cfg.Version, started, begin, w, nil)
	switch {
	case err == nil:
		a.logger.Info("backed up on request", "took", time.Since(started), "remote", r.RemoteAddr)
	case !begun && errors.Is(err, errors.ErrUnsupported):
		a.fail(w, refuse(http.StatusConflict, NoBackup))
	case !begun:
		a.fail(w, err)
	default:
		a.logger.Error("a backup was broken off", "err", err)
		panic(http.ErrAbortHandler)
	}
}
