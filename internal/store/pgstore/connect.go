package pgstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// ErrStandby is returned where all servers that were asked only let themselves
// be read.
var ErrStandby = errors.New("the server is a read-only standby, and meterd needs the primary")

// connect makes the two pools. A reader or a long scan never takes a connection
// from a commit.
func (s *Store) connect(url string) error {
	var err error
	if s.writers, err = s.newPool(url, s.cfg.Committers, prepareCommits); err != nil {
		return err
	}
	s.readers, err = s.newPool(url, s.cfg.Readers, nil)
	return err
}

// newPool makes a pool that has not connected yet.
func (s *Store) newPool(url string, conns int, prepare pgconn.AfterConnectFunc) (*pgxpool.Pool, error) {
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("reading the database's URL: %w", err)
	}
	cfg.MaxConns = int32(conns)
	c := &cfg.ConnConfig.Config
	c.ConnectTimeout = connectTime
	if c.RuntimeParams["application_name"] == "" {
		c.RuntimeParams["application_name"] = "meterd"
	}
	// A replica that was cut off in a transaction holds up others that tell the
	// same facts. They are patient, and so its transaction ends before they give up.
	c.RuntimeParams["idle_in_transaction_session_timeout"] = strconv.FormatInt(s.cfg.Patience.Milliseconds(), 10)
	c.ValidateConnect = refuseStandby
	c.OnNotice = noteWarning
	c.AfterConnect = func(ctx context.Context, pc *pgconn.PgConn) error {
		if err := demandDurability(ctx, pc); err != nil || prepare == nil {
			return err
		}
		return prepare(ctx, pc)
	}
	// A plan that is kept was made for the table as it was then: for an empty
	// one, say, which is best read from end to end. What is worth preparing is
	// prepared by name.
	cfg.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
	return pgxpool.NewWithConfig(context.Background(), cfg)
}

// refuseStandby makes pgx go on to the next host of the URL, so that after a
// fail-over the new primary is found.
func refuseStandby(ctx context.Context, pc *pgconn.PgConn) error {
	readOnly, err := setting(ctx, pc, "transaction_read_only")
	if err != nil {
		return err
	}
	if readOnly != "off" {
		return ErrStandby
	}
	return nil
}

// leaveReadOnly: a server that is only to be read from now on, as after a
// fail-over, is asked nothing more. New connections find the primary.
func (s *Store) leaveReadOnly(err error) {
	if sqlState(err) == stateReadOnly {
		s.writers.Reset()
		s.readers.Reset()
	}
}

// demandDurability: a server may be configured to answer before a commit is on
// disk, or before the standby has it. That is not for a ledger to accept. What
// is stronger than "on", as remote_apply, stays.
func demandDurability(ctx context.Context, pc *pgconn.PgConn) error {
	commit, err := setting(ctx, pc, "synchronous_commit")
	if err != nil {
		return err
	}
	switch commit {
	case "off", "local", "remote_write":
		return execute(ctx, pc, "SET synchronous_commit = on")
	}
	return nil
}

// setting reads one setting of a session.
func setting(ctx context.Context, pc *pgconn.PgConn, name string) (string, error) {
	results, err := pc.Exec(ctx, "SHOW "+name).ReadAll()
	if err != nil {
		return "", fmt.Errorf("reading the server's %s: %w", name, err)
	}
	return string(results[0].Rows[0][0]), nil
}

func execute(ctx context.Context, pc *pgconn.PgConn, sql string) error {
	return pc.Exec(ctx, sql).Close()
}

// warned is where a connection keeps that the server warned.
const warned = "warned"

// noteWarning: a commit that waits for its standby can be told to wait no longer
// (by an operator, a timeout, or a shutdown). The server then reports success,
// and only a warning says that the standby may not have it.
func noteWarning(pc *pgconn.PgConn, n *pgconn.Notice) {
	if n.SeverityUnlocalized == "WARNING" {
		pc.CustomData()[warned] = n.Message
	}
}

// takeWarning returns the last warning on a connection and forgets it.
func takeWarning(pc *pgconn.PgConn) string {
	text, _ := pc.CustomData()[warned].(string)
	delete(pc.CustomData(), warned)
	return text
}

// warnOfServer tells of what this package cannot make good.
func (s *Store) warnOfServer(ctx context.Context) error {
	conn, err := s.readers.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("connecting: %w", err)
	}
	defer conn.Release()
	for _, name := range []string{"fsync", "full_page_writes"} {
		// Databases that only speak PostgreSQL's language have no such setting.
		if value, err := setting(ctx, conn.Conn().PgConn(), name); err == nil && value == "off" {
			s.log.Error("the database server does not keep its promises through a power cut", "setting", name, "value", value)
		}
	}
	return nil
}
