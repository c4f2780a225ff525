package client

import (
	"slices"
	"time"

	"github.com/meterd/meterd/api"
)

// read settles the records of a batch that have a result and returns those
// that have none. Answers are matched by what they echo (M0129), not by their
// place: the order of results is not promised (M0130). What fits exactly is matched first.
func (s *submission) read(batch []int, answer *api.BatchMeterUsageResult) (unprocessed []int) {
	open := slices.Clone(batch)
	take := func(echo *api.UsageRecord, same func(sent, echo *api.UsageRecord) bool) (i int, ok bool) {
		k := slices.IndexFunc(open, func(i int) bool { return same(&s.records[i], echo) })
		if k < 0 {
			return 0, false
		}
		i = open[k]
		open = slices.Delete(open, k, k+1)
		return i, true
	}
	for _, same := range []func(sent, echo *api.UsageRecord) bool{sameRecord, mayBeRecord} {
		answer.UnprocessedRecords = slices.DeleteFunc(answer.UnprocessedRecords, func(r api.UsageRecord) bool {
			i, ok := take(&r, same)
			if ok {
				unprocessed = append(unprocessed, i)
			}
			return ok
		})
		answer.Results = slices.DeleteFunc(answer.Results, func(r api.UsageRecordResult) bool {
			i, ok := take(&r.UsageRecord, same)
			if ok {
				s.settle(i, Verdict{Outcome: Answered, Status: r.Status, MeteringRecordId: r.MeteringRecordId})
			}
			return ok
		})
	}
	// What is in neither list against the promise may have been stored.
	s.mark(open, true)
	unprocessed = append(unprocessed, open...)
	slices.Sort(unprocessed)
	return unprocessed
}

// sameRecord reports whether an echo has every member as it was sent.
func sameRecord(sent, echo *api.UsageRecord) bool {
	return sent.Timestamp.Truncate(time.Millisecond).Equal(fine(echo.Timestamp)) &&
		equal(sent.Dimension, echo.Dimension) &&
		equal(sent.CustomerIdentifier, echo.CustomerIdentifier) &&
		equal(sent.CustomerAWSAccountId, echo.CustomerAWSAccountId) &&
		equal(sent.LicenseArn, echo.LicenseArn) &&
		equal(sent.Quantity, echo.Quantity)
}

// mayBeRecord reports whether an echo contradicts nothing that was sent. The
// service may fill in the buyer's other identifier, leave out a member that
// it does not know, or cut the time to seconds.
func mayBeRecord(sent, echo *api.UsageRecord) bool {
	return (echo.Timestamp == nil || sent.Timestamp.Unix() == echo.Timestamp.Unix()) &&
		agree(sent.Dimension, echo.Dimension) &&
		agree(sent.CustomerIdentifier, echo.CustomerIdentifier) &&
		agree(sent.CustomerAWSAccountId, echo.CustomerAWSAccountId) &&
		agree(sent.LicenseArn, echo.LicenseArn) &&
		agree(sent.Quantity, echo.Quantity)
}

func fine(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

func equal[T comparable](a, b *T) bool { return a == b || a != nil && b != nil && *a == *b }

func agree[T comparable](a, b *T) bool { return a == nil || b == nil || *a == *b }
