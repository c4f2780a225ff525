package usagefile

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/meterd/meterd/api"
	"github.com/meterd/meterd/client"
)

// Run tells the records of a plan.
type Run struct {
	File    *File
	Records []Record
	Client  *client.Client
	Journal *Journal
	// RetryRefused tells records again that the service refused earlier.
	RetryRefused bool
	// Progress, if not nil, hears how many records are settled, of how many.
	Progress func(settled, all int)

	results []Result
	settled int
	// failed counts the calls in a row that ended with an error.
	failed int
}

// ErrOther is returned for a result file that belongs to another file, or to
// the same one told elsewhere.
var ErrOther = errors.New("it belongs to something else")

// Do tells what is not told yet, and returns one result for each row, which
// also stand in the result file. The error says what kept records from being
// told; run again to go on.
func (r *Run) Do(ctx context.Context) ([]Result, error) {
	queue, err := r.prepare()
	if err != nil {
		return nil, errors.Join(err, r.Journal.Close())
	}
	err = r.tell(ctx, queue)
	return r.results, errors.Join(err, r.Journal.Finish(r.results))
}

// Outlook returns the results as they stand before a run, with those of an
// earlier one.
func (r *Run) Outlook(earlier []Result) ([]Result, error) {
	r.Journal = &Journal{last: map[int]Result{}}
	for _, e := range earlier {
		r.Journal.last[e.Line] = e
	}
	_, err := r.prepare()
	return r.results, err
}

// prepare takes over what the journal knows and returns what is to be told.
func (r *Run) prepare() ([]*Record, error) {
	known, err := r.known()
	if err != nil {
		return nil, err
	}
	r.results = make([]Result, len(r.File.Rows))
	var queue []*Record
	for i := range r.Records {
		record := &r.Records[i]
		before, tells := known[record.Digest], true
		if record.Refusal == "" {
			tells = before.Verdict.Open() || r.RetryRefused && !before.Verdict.Accepted()
		}
		for _, k := range record.Rows {
			row := &r.File.Rows[k]
			result := resultOf(row, record.Digest)
			switch {
			case record.Refusal != "":
				result.Verdict, result.Reason = Refused, oneLine(record.Refusal)
				if row.Mistake != "" {
					result.Reason = oneLine(row.Mistake)
				}
			case before.Verdict == "":
				result.Verdict = NotSent
			default:
				result.Verdict, result.MeteringRecordID, result.Reason = before.Verdict, before.MeteringRecordID, before.Reason
			}
			r.results[k] = result
		}
		if record.Refusal == "" && tells {
			queue = append(queue, record)
		} else {
			r.settled++
		}
	}
	return queue, nil
}

// known are the earlier results by record. What is or may be stored must still
// be in the file: else something else would be told beside it.
func (r *Run) known() (map[string]Result, error) {
	known := map[string]Result{}
	if len(r.Journal.last) == 0 {
		return known, nil
	}
	planned := map[string]bool{}
	for i := range r.Records {
		planned[r.Records[i].Digest] = r.Records[i].Refusal == ""
	}
	for _, e := range sorted(r.Journal.last) {
		switch {
		case planned[e.Record]:
			known[e.Record] = e
		case e.Verdict.Accepted() || e.Verdict == Unknown:
			return nil, fmt.Errorf("%w: line %d of an earlier run (%s of %s) is or may be stored, and the file tells no such record to this service now; undo the change, or name another file with --result",
				ErrOther, e.Line, e.Dimension, cmp.Or(e.Customer, e.Account))
		}
	}
	return known, nil
}

// tell tells records, one call after the other. What is about to be sent stands
// in the journal as Unknown before it is, because it may be stored from then on.
func (r *Run) tell(ctx context.Context, queue []*Record) error {
	var first error
	for len(queue) > 0 {
		n := 1
		for n < min(len(queue), api.RecordsMax) && queue[n].group == queue[0].group && text(queue[n].Product) == text(queue[0].Product) {
			n++
		}
		if r.Progress != nil {
			r.Progress(r.settled, len(r.Records))
		}
		if err := r.announce(queue[:n]); err != nil {
			return err
		}
		usage := make([]api.UsageRecord, n)
		for i, record := range queue[:n] {
			usage[i] = record.Usage
		}
		verdicts, failure := r.Client.SubmitAll(ctx, queue[0].Product, usage)
		if err := r.judge(queue[:n], verdicts); err != nil {
			return err
		}
		if failure != nil && first == nil {
			first = failure
		}
		if r.gone(ctx, failure) {
			break
		}
		queue = queue[n:]
	}
	if r.Progress != nil {
		r.Progress(r.settled, len(r.Records))
	}
	return first
}

// gone reports whether it is of no use to go on.
func (r *Run) gone(ctx context.Context, failure error) bool {
	if failure == nil {
		r.failed = 0
		return false
	}
	r.failed++
	var e *client.Error
	return ctx.Err() != nil || r.failed == failedBatchesMax || errors.As(failure, &e) && e.API != nil && e.Explanation().Retry != client.RetryUnchanged
}

// sending is the reason of what was about to be sent when the program died.
const sending = "The record was about to be sent, and no answer is kept. It may be stored."

// announce writes down that records may be stored from now on.
func (r *Run) announce(batch []*Record) error {
	var changed []Result
	for _, record := range batch {
		for _, k := range record.Rows {
			result := r.results[k]
			result.Verdict, result.Reason, result.MeteringRecordID = Unknown, sending, ""
			changed = append(changed, result)
		}
	}
	return r.Journal.Write(changed)
}

// judge writes down what became of records.
func (r *Run) judge(batch []*Record, verdicts []client.Verdict) error {
	var changed []Result
	for i, record := range batch {
		open := false
		for _, k := range record.Rows {
			result := &r.results[k]
			before := result.Verdict
			result.judge(verdicts[i])
			if before == Unknown {
				result.remember(verdicts[i])
			}
			open = result.Verdict.Open()
			changed = append(changed, *result)
		}
		if !open {
			r.settled++
		}
	}
	return r.Journal.Write(changed)
}

// remember keeps of a record that was sent before, without an answer, that it
// may be stored, whatever is said of it now. It stays Unknown if nothing is
// said, or if it now comes too late (M0107, M0138).
func (r *Result) remember(v client.Verdict) {
	if v.Outcome == client.Answered && v.Status != api.CustomerNotSubscribed {
		return
	}
	late := client.Is(v.Err, api.TimestampOutOfBoundsException) || client.Is(v.Err, api.InvalidLicenseException)
	if late || v.Outcome != client.Answered && v.Outcome != client.Refused {
		r.Verdict = Unknown
	}
	r.Reason = oneLine("It was sent in an earlier run, without an answer, and may be stored; meterd reconcile shows it. Now: " + r.Reason)
}
