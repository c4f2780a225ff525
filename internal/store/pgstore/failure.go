package pgstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/meterd/meterd/internal/store"
)

// SQLSTATEs that this package tells apart; where two characters stand, they are
// the class.
const (
	stateNotNull       = "23502"
	stateUnique        = "23505"
	stateUnknown       = "40003"
	classRolledBack    = "40"
	stateReadOnly      = "25006"
	stateNoSchema      = "3F000"
	stateNoTable       = "42P01"
	stateSchemaIsThere = "42P06"
	stateTableIsThere  = "42P07"
	stateObjectIsThere = "42710"
)

// hopelessClasses are those of errors that are no other a second time: a value
// or a statement that the database does not take, a right that is missing.
var hopelessClasses = map[string]bool{"0A": true, "22": true, "23": true, "42": true, "54": true, "3D": true, "28": true}

// sqlState is the SQLSTATE of an error; empty if it is not the server's.
func sqlState(err error) string {
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) {
		return pgErr.Code
	}
	return ""
}

// lostClasses are those of errors that end a connection, or refuse one.
var lostClasses = map[string]bool{"08": true, "57": true, "53": true}

// isLost reports whether an error says of the way to the database that it is
// gone, and nothing of what was asked.
func isLost(err error) bool {
	if state := sqlState(err); state != "" {
		return lostClasses[state[:2]]
	}
	var connecting *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &connecting) || errors.As(err, &network) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}

// again is an error after which nothing was committed and the same may be tried
// again.
type again struct{ cause error }

func (a again) Error() string { return a.cause.Error() }
func (a again) Unwrap() error { return a.cause }

// refusal is an answer of this package and no trouble with the database.
type refusal struct{ cause error }

func (r refusal) Error() string { return r.cause.Error() }
func (r refusal) Unwrap() error { return r.cause }

// beforeCommit judges an error of a transaction whose end was not sent: nothing
// of it will ever be there.
func beforeCommit(err error) error {
	var refused refusal
	state := sqlState(err)
	switch {
	case err == nil, errors.As(err, &refused), errors.Is(err, errDamaged), isAgain(err):
		return err
	case state != "" && hopelessClasses[state[:2]]:
		return err
	}
	return again{err}
}

// inCommit judges an error in answer to the end of a transaction.
func inCommit(err error) error {
	state := sqlState(err)
	if state != "" && state[:2] == classRolledBack && state != stateUnknown {
		return again{err}
	}
	return fmt.Errorf("%w: %w", store.ErrUnknownOutcome, err)
}

// isAgain reports whether the same may be tried again.
func isAgain(err error) bool {
	var a again
	return errors.As(err, &a)
}

// lateness adds to an error of a context that is over why it is, where that is
// this package's own doing.
func lateness(ctx context.Context, err error) error {
	var late, told tooLate
	if errors.As(context.Cause(ctx), &late) && !errors.As(err, &told) {
		return fmt.Errorf("%w: %w", late, err)
	}
	return err
}

// tooLate is the cause of a context that this package has bounded.
type tooLate struct{ after time.Duration }

func (t tooLate) Error() string { return fmt.Sprintf("the database did not answer within %v", t.after) }

// bounded is a context for what is asked of the database.
func bounded(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, d, tooLate{d})
}

// retry runs something until it succeeds, fails for good, or ctx is over. The
// answer is then the last error that says more than that time is up, too.
func retry(ctx context.Context, run func() error) error {
	var last error
	for pause := retryPauseMin; ; pause = min(2*pause, retryPauseMax) {
		err := run()
		if err == nil || !isAgain(err) {
			return err
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			last = err
		}
		wait := time.NewTimer(pause/2 + rand.N(pause/2))
		select {
		case <-ctx.Done():
			wait.Stop()
			if last == nil {
				last = err
			}
			return lateness(ctx, fmt.Errorf("%w: %w", ctx.Err(), last))
		case <-wait.C:
		}
	}
}
