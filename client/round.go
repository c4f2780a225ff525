package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/meterd/meterd/api"
)

// submit sends the records of one body until each is settled or the run must
// end, which the error says.
func (s *submission) submit(ctx context.Context, batch []int, body []byte) error {
	var failure *Error
	for round := 1; round <= roundsMax; round++ {
		if round > 1 {
			if err := s.pauseBefore(ctx, round, failure); err != nil {
				return err
			}
		}
		result, unknown, err := s.client.sendBatch(ctx, body, s.client.pace)
		s.mark(batch, unknown)
		if err == nil {
			s.failed, failure = 0, nil
			if batch = s.read(batch, result); len(batch) == 0 {
				return nil
			}
			if _, body, err = s.pack(batch); err != nil {
				return err
			}
			continue
		}
		if !errors.As(err, &failure) {
			return err
		}
		switch s.causeOf(failure) {
		case causeRecord:
			s.failed = 0 // whoever refuses is there
			return s.isolate(ctx, batch, failure)
		case causeRun:
			return failure
		}
		if ctx.Err() != nil || failure.RetryAfter > retryAfterMax {
			return failure
		}
	}
	return s.leave(batch, failure)
}

// isolate halves a batch that is refused because of a record.
func (s *submission) isolate(ctx context.Context, batch []int, refusal *Error) error {
	if len(batch) == 1 {
		i := batch[0]
		s.maybe[i] = s.maybe[i] && onlyNow(refusal)
		s.settle(i, Verdict{Outcome: Refused, Err: refusal})
		return nil
	}
	middle := len(batch) / 2
	for _, half := range [][]int{batch[:middle], batch[middle:]} {
		_, body, err := s.pack(half)
		if err != nil {
			return err
		}
		if err := s.submit(ctx, half, body); err != nil {
			return err
		}
	}
	return nil
}

// onlyNow reports whether what is refused now may have been accepted earlier in
// the run, by a call whose answer was lost. Only time makes such a difference.
func onlyNow(refusal *Error) bool {
	return refusal.API.Name == api.TimestampOutOfBoundsException || refusal.API.Name == api.InvalidLicenseException
}

// leave settles what all rounds could not; failure is nil for records that the
// service gave back. A batch that fails alone may be at fault itself; several
// in a row are a service that is not there.
func (s *submission) leave(batch []int, failure *Error) error {
	if failure == nil {
		for _, i := range batch {
			s.settle(i, Verdict{Outcome: Unprocessed, Err: errUnprocessed})
		}
		return nil
	}
	for _, i := range batch {
		s.settle(i, Verdict{Outcome: NotSent, Err: failure})
	}
	if s.failed++; s.failed >= failedBatchesMax {
		return failure
	}
	return nil
}

// pauseBefore waits before a round, as the retryer would before an attempt.
func (s *submission) pauseBefore(ctx context.Context, round int, failure *Error) error {
	var cause error = errUnprocessed
	asked := time.Duration(0)
	if failure != nil {
		cause, asked = failure, failure.RetryAfter
	}
	pause, err := s.client.retryer.RetryDelay(round-1, cause)
	if err == nil {
		err = sleep(ctx, max(pause, asked))
	}
	if err == nil {
		return nil
	}
	// What stopped the run is told with what the run was waiting for.
	stopped := &Error{Operation: api.BatchMeterUsage, Err: fmt.Errorf("%w, after: %w", err, cause)}
	if failure != nil {
		stopped.Status, stopped.RequestID, stopped.Attempts, stopped.OutcomeUnknown = failure.Status, failure.RequestID, failure.Attempts, failure.OutcomeUnknown
	}
	return stopped
}

var errUnprocessed = errors.New("the service gave the record back unprocessed each time it was sent; it is not stored, so send it again later, unchanged")

// cause is what a failed call is to be blamed on.
type cause int

const (
	// causePassing may be gone at the next try.
	causePassing cause = iota
	// causeRecord is a record in the batch.
	causeRecord
	// causeRun would refuse every other call of the run as well.
	causeRun
)

func (s *submission) causeOf(failure *Error) cause {
	if failure.API == nil {
		_, unsigned := errors.AsType[*credentialsError](failure.Err)
		if unsigned || failure.Status >= 300 && failure.Status < 500 {
			return causeRun
		}
		return causePassing
	}
	switch failure.API.Name {
	case api.InvalidCustomerIdentifierException, api.InvalidLicenseException, api.InvalidTagException,
		api.InvalidUsageAllocationsException, api.InvalidUsageDimensionException, api.TimestampOutOfBoundsException,
		api.ValidationException, api.SerializationException, api.RequestEntityTooLargeException:
		return causeRecord
	case api.InvalidProductCodeException:
		if s.product == nil { // a record has no LicenseArn
			return causeRecord
		}
	case api.ThrottlingException, api.InternalServiceErrorException, api.ServiceUnavailableException, api.RequestTimeoutException:
		return causePassing
	}
	if failure.Status >= 500 {
		return causePassing
	}
	return causeRun
}
