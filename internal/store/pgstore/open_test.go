package pgstore

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/meterd/meterd/internal/store"
	"github.com/meterd/meterd/internal/store/pgstore/pgtest"
)

// TestMigrationsAreRaceFree: replicas of a new version start at the same time.
func TestMigrationsAreRaceFree(t *testing.T) {
	url := pgtest.Database(t)
	const starts = 8
	var wg sync.WaitGroup
	for range starts {
		wg.Go(func() {
			s := &Store{cfg: Config{}.withDefaults()}
			err := s.connect(url)
			if err == nil {
				err = s.migrate(context.Background())
				s.disconnect()
			}
			if err != nil {
				t.Errorf("migrating at the same time as others: %v", err)
			}
		})
	}
	wg.Wait()
	list, err := migrations()
	if err != nil || len(list) == 0 {
		t.Fatalf("%d migrations, %v", len(list), err)
	}
	if got := count(t, url, "SELECT count(*) FROM meterd.migrations"); got != len(list) {
		t.Errorf("%d migrations were made, want %d", got, len(list))
	}
	tells(t, mustOpen(t, url, Config{}), request(testFact(1)), store.Created)
}

func TestOpenRefusesNewerLedgers(t *testing.T) {
	url := pgtest.Database(t)
	mustOpen(t, url, Config{}).Close()
	execSQL(t, url, "INSERT INTO meterd.migrations (version) VALUES (1000)")
	if _, err := Open(t.Context(), url, Config{}); !errors.Is(err, ErrNewer) {
		t.Errorf("opening the ledger of a newer meterd: %v", err)
	}
}

func TestOpenMakesNoLedgerWhereOneMustBe(t *testing.T) {
	url := pgtest.Database(t)
	if _, err := Open(t.Context(), url, Config{MustExist: true}); !errors.Is(err, ErrNone) {
		t.Errorf("opening a ledger that must be there: %v", err)
	}
	if n := count(t, url, "SELECT count(*) FROM pg_namespace WHERE nspname = 'meterd'"); n != 0 {
		t.Error("a schema was made for it")
	}
	commit(t, mustOpen(t, url, Config{}), request(testFact(1)))
	tells(t, mustOpen(t, url, Config{MustExist: true}), request(testFact(1)), store.Same)
}

// TestRunningNeedsFewRights: only the first start of a version must be allowed to
// create tables.
func TestRunningNeedsFewRights(t *testing.T) {
	url := pgtest.Database(t)
	mustOpen(t, url, Config{}).Close()
	for _, sql := range []string{
		"DROP ROLE IF EXISTS clerk",
		"CREATE ROLE clerk LOGIN",
		"GRANT USAGE ON SCHEMA meterd TO clerk",
		"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA meterd TO clerk",
	} {
		execSQL(t, url, sql)
	}
	defer execSQL(t, url, "DROP OWNED BY clerk; DROP ROLE clerk")
	s := mustOpen(t, strings.Replace(url, "meterd@", "clerk@", 1), Config{})
	tells(t, s, request(testFact(1)), store.Created)
	if err := s.Put(t.Context(), []store.Row{{Table: "t", Key: "k"}}); err != nil {
		t.Error(err)
	}
	if err := s.Reset(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestOpenNeedsThePrimary(t *testing.T) {
	primary := pgtest.Start(t, nil)
	standby := primary.Standby(t, "one")
	if _, err := Open(t.Context(), standby.URL("postgres"), Config{}); !errors.Is(err, ErrStandby) {
		t.Errorf("opening a ledger on a standby: %v", err)
	}
	// Of several hosts the primary is found, wherever it stands.
	s := mustOpen(t, standby.URL("postgres", primary), Config{})
	tells(t, s, request(testFact(1)), store.Created)
}

// TestOpenFailsAtOnce: what is wrong with a URL or a server is told, and not
// waited for; and no secret is in what is told.
func TestOpenFailsAtOnce(t *testing.T) {
	url := pgtest.Database(t)
	ctx, cancel := context.WithTimeout(t.Context(), eventuallyTime)
	defer cancel()
	for name, bad := range map[string]string{
		"no URL at all":     "postgres://%zz:hush@x/y",
		"nobody listens":    "postgres://meterd:hush@127.0.0.1:1/x",
		"no such database":  strings.Replace(url, "/test", "/other", 1),
		"no such role":      strings.Replace(url, "meterd@", "nobody:hush@", 1),
		"no such parameter": url + "&no_such_parameter=1",
	} {
		_, err := Open(ctx, bad, Config{})
		if err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := ctx.Err(); err != nil {
		t.Error(err)
	}
}

// TestServerMustKeepItsPromises: a session that would answer before a commit is
// safe is set right; what is stronger is left alone.
func TestServerMustKeepItsPromises(t *testing.T) {
	c := pgtest.Shared(t)
	for value, want := range map[string]string{
		"off": "on", "local": "on", "remote_write": "on", "on": "on", "remote_apply": "remote_apply",
	} {
		url := c.Database(t)
		name := url[strings.LastIndex(url, "/")+1 : strings.Index(url, "?")]
		if err := c.Exec(t.Context(), "ALTER DATABASE "+name+" SET synchronous_commit = "+value); err != nil {
			t.Fatal(err)
		}
		s := mustOpen(t, url, Config{})
		for _, pool := range []string{"writers", "readers"} {
			conns := s.readers
			if pool == "writers" {
				conns = s.writers
			}
			var got string
			if err := conns.QueryRow(t.Context(), "SHOW synchronous_commit").Scan(&got); err != nil || got != want {
				t.Errorf("%s over a database with synchronous_commit=%s use %q (%v), want %q", pool, value, got, err, want)
			}
		}
		s.Close()
	}
	// What a session cannot set right is told of: the servers of tests do
	// without fsync.
	var log bytes.Buffer
	mustOpen(t, pgtest.Database(t), Config{Logger: slog.New(slog.NewTextHandler(&log, nil))}).Close()
	if !strings.Contains(log.String(), "setting=fsync value=off") {
		t.Errorf("a server without fsync, and the log says %q", &log)
	}
}

func TestCheckpointIsForTheDatabase(t *testing.T) {
	s := mustOpen(t, pgtest.Database(t), Config{})
	if err := s.Checkpoint(t.Context(), t.TempDir()); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("copying a ledger in PostgreSQL: %v", err)
	}
}
