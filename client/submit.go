package client

import (
	"context"
	"time"

	"github.com/meterd/meterd/api"
)

// SubmitAll tells any number of records and returns one verdict for each, in
// the order of the records, whatever happens.
//
// Records go out in their order, in calls of up to [api.RecordsMax] and less
// than 1 MB, at the pace of Config.Rate, which gives way to throttling. A call
// that fails is repeated with identical records. Records that come back
// unprocessed are sent again. When a call is refused because of a record, it is
// halved until that record is found; the others are told.
//
// The error is nil if every record is Answered or Refused, for good or bad.
// Otherwise it says what kept the others from it: ctx ended, the credentials
// or the product were refused, or the service stayed away. The verdicts then
// tell apart what may be stored (Unknown) and what is not (NotSent,
// Unprocessed); call again with those records.
//
// product is nil for records that name a LicenseArn. All records are of one
// product.
func (c *Client) SubmitAll(ctx context.Context, product *string, records []api.UsageRecord) ([]Verdict, error) {
	s := &submission{client: c, product: product, records: records, verdicts: make([]Verdict, len(records)), maybe: make([]bool, len(records))}
	if err := s.run(ctx); err != nil {
		s.giveUp(err)
		return s.verdicts, err
	}
	return s.verdicts, s.left
}

// submission is one run of SubmitAll. Records are named by their index.
type submission struct {
	client   *Client
	product  *string
	records  []api.UsageRecord
	verdicts []Verdict
	// maybe says that a record may be stored without a verdict.
	maybe []bool
	// failed counts the batches in a row that failed in all their rounds.
	failed int
	// left is why the first record has neither verdict nor refusal.
	left error
}

// run settles all records, or says why it cannot.
func (s *submission) run(ctx context.Context) error {
	nothing := &api.BatchMeterUsageRequest{ProductCode: s.product, UsageRecords: []api.UsageRecord{}}
	if refusal := checkBatch(nothing); refusal != nil {
		return refuse(api.BatchMeterUsage, refusal) // the product's fault, not a record's
	}
	queue := s.precheck(ctx)
	for len(queue) > 0 {
		n, body, err := s.pack(queue)
		if err != nil {
			return err
		}
		if err := s.submit(ctx, queue[:n], body); err != nil {
			return err
		}
		queue = queue[n:]
	}
	return nil
}

// precheck settles the records that are certainly refused and returns the
// others. The service is asked for its time once at most.
func (s *submission) precheck(ctx context.Context) (queue []int) {
	var now time.Time
	asked := false
	for i := range s.records {
		refusal := s.check(i)
		if refusal == nil && s.client.checksWindow {
			t := *s.records[i].Timestamp
			if !asked && batchWindow.excludes(t, s.client.clock.serviceTime()) != "" {
				asked = true
				now, _ = s.client.askTime(ctx)
			}
			if !now.IsZero() {
				refusal = batchWindow.refusal(t, now)
			}
		}
		if refusal == nil {
			queue = append(queue, i)
			continue
		}
		s.settle(i, Verdict{Outcome: Refused, Err: refuse(api.BatchMeterUsage, refusal)})
	}
	return queue
}

// check checks one record as if it were a batch of its own.
func (s *submission) check(i int) *api.Error {
	return checkBatch(&api.BatchMeterUsageRequest{UsageRecords: s.records[i : i+1]})
}

// pack makes the body of the next call, of as many records from the head of
// the queue as go into it, but at least one.
func (s *submission) pack(queue []int) (n int, body []byte, err error) {
	m := batchMessage{ProductCode: s.product}
	size := 0
	for _, i := range queue[:min(len(queue), api.RecordsMax)] {
		record, err := s.client.dialect.record(&s.records[i])
		if err != nil {
			return 0, nil, err
		}
		size += len(record) + len(",")
		if n > 0 && size+envelopeBytes >= api.RequestBytesLimit {
			break
		}
		m.UsageRecords = append(m.UsageRecords, record)
		n++
	}
	body, err = encode(m)
	return n, body, err
}

// envelopeBytes is more than the body has around the records, with the longest
// product code.
const envelopeBytes = 1024

func (s *submission) mark(batch []int, unknown bool) {
	for _, i := range batch {
		s.maybe[i] = s.maybe[i] || unknown
	}
}

// settle writes a verdict. Without the service's own word, a record that may
// be stored stays so.
func (s *submission) settle(i int, v Verdict) {
	v.InDoubt = s.maybe[i] && v.Status == api.CustomerNotSubscribed
	if v.Outcome != Answered && s.maybe[i] {
		v.Outcome = Unknown
	}
	if v.Outcome != Answered && v.Outcome != Refused && s.left == nil {
		s.left = v.Err
	}
	s.verdicts[i] = v
}

// giveUp settles what the end of the run leaves open.
func (s *submission) giveUp(err error) {
	for i := range s.verdicts {
		if s.verdicts[i].Outcome == "" {
			s.settle(i, Verdict{Outcome: NotSent, Err: err})
		}
	}
}
