// Package pgtest gives tests a PostgreSQL of their own: one throw-away cluster
// for a test binary, with a database for each test, and further clusters for
// those that kill theirs. It uses what is installed and nothing else; it may not
// touch a server that somebody else has started.
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/meterd/meterd/internal/notrun"
)

// errMissing: there is no PostgreSQL to test with.
var errMissing = errors.New("no PostgreSQL")

// binariesDirs are where Debian and others put the server's programs.
var binariesDirs = []string{"/usr/lib/postgresql/1[5-9]/bin", "/usr/pgsql-1[5-9]/bin", "/usr/local/pgsql/bin"}

// binaries returns the directory of the newest server.
func binaries() (string, error) {
	patterns := binariesDirs
	if dir := os.Getenv("METERD_TEST_PG_BIN"); dir != "" {
		patterns = []string{dir}
	}
	for _, pattern := range patterns {
		found, err := filepath.Glob(filepath.Join(pattern, "initdb"))
		if err != nil {
			return "", err
		}
		if len(found) > 0 {
			return filepath.Dir(found[len(found)-1]), nil
		}
	}
	return "", fmt.Errorf("%w: version 15 or later is not installed in %s (Debian: apt install postgresql-15)", errMissing, strings.Join(patterns, " or "))
}

// kept is a cluster of this test binary, made when it is first asked for.
type kept struct {
	once sync.Once
	c    *Cluster
	err  error
}

func (k *kept) get(make func() (*Cluster, error)) (*Cluster, error) {
	k.once.Do(func() { k.c, k.err = make() })
	return k.c, k.err
}

// shared is the cluster that most tests use. template never runs; all others are
// copies of it, because to make one takes much longer.
var shared, template kept

// databases counts those that were made.
var databases atomic.Int64

// Main runs the tests of a binary, as a testing.M does, and stops what they
// started. TestMain calls it.
func Main(m interface{ Run() int }) int {
	code := m.Run()
	for _, k := range []*kept{&shared, &template} {
		if k.c != nil {
			k.c.remove()
		}
	}
	return code
}

// missing ends a test that has no server, loudly. In CI, where all there is must
// be tested, that is a failure.
func missing(t testing.TB, err error) {
	t.Helper()
	if !errors.Is(err, errMissing) || os.Getenv("CI") == "true" {
		t.Fatal(err)
	}
	notrun.Skip(t, "%v", err)
}

// Shared returns the cluster of this test binary.
func Shared(t testing.TB) *Cluster {
	t.Helper()
	c, err := shared.get(func() (*Cluster, error) { return start(nil) })
	if err != nil {
		missing(t, err)
	}
	return c
}

// Start starts a cluster for one test, with settings over the usual ones.
func Start(t testing.TB, settings map[string]string) *Cluster {
	t.Helper()
	c, err := start(settings)
	if err != nil {
		missing(t, err)
	}
	t.Cleanup(c.remove)
	return c
}

// Database makes an empty database for a test and returns its URL.
func Database(t testing.TB) string {
	t.Helper()
	return Shared(t).Database(t)
}

// cleanTime is how long the end of a test waits until its database is empty.
const cleanTime = 20 * time.Second

// Database returns the URL of an empty database that the test has for itself,
// with the servers of further clusters behind the cluster's own. A database that
// an earlier test has left is emptied and used again, which is much quicker than
// to make one.
func (c *Cluster) Database(t testing.TB, more ...*Cluster) string {
	t.Helper()
	var name string
	select {
	case name = <-c.free:
	default:
		name = fmt.Sprintf("test%d", databases.Add(1))
		if err := c.Exec(t.Context(), "CREATE DATABASE "+name); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		// A cluster that the test has stopped goes with its databases.
		if err := c.empty(name); err == nil {
			select {
			case c.free <- name:
			default:
			}
		}
	})
	return c.URL(name, more...)
}

// empty ends all sessions of a database and drops all that is in it.
func (c *Cluster) empty(name string) error {
	ctx, cancel := context.WithTimeout(context.Background(), cleanTime)
	defer cancel()
	if err := c.Exec(ctx, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '"+name+"'"); err != nil {
		return err
	}
	if err := c.Exec(ctx, "ALTER DATABASE "+name+" RESET ALL"); err != nil {
		return err
	}
	return c.ExecIn(ctx, name, "DROP SCHEMA IF EXISTS meterd CASCADE; DROP SCHEMA public CASCADE; CREATE SCHEMA public")
}

// Exec runs statements in the database postgres.
func (c *Cluster) Exec(ctx context.Context, sql string) error { return c.ExecIn(ctx, "postgres", sql) }

// ExecIn runs statements in a database.
func (c *Cluster) ExecIn(ctx context.Context, database, sql string) error {
	conn, err := pgx.Connect(ctx, c.URL(database))
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol)
	return errors.Join(err, conn.Close(ctx))
}
