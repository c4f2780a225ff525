package scripts

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/meterd/meterd/api"
)

const preamble = "now 2026-11-22T10:30:00Z\nas metering-app\n== A story\n"

// TestWhatDoesNotComeOutIsReported plays scripts that are wrong, or that the
// service answers otherwise than they say.
func TestWhatDoesNotComeOutIsReported(t *testing.T) {
	m := mounts[0].open(t)
	for _, test := range []struct{ name, story, want string }{
		{"another verdict", "batch prod-legacy\n cust-1 users 7 at 10:05 -> DuplicateRecord",
			"wrong.txt:5: cust-1 users 7 at 10:05 -> DuplicateRecord\n\twant DuplicateRecord\n\tgot  Success"},
		{"an old id under a new name", "batch prod-legacy\n cust-1 users 7 at 10:05 -> Success #1\n cust-1 users 7 at 10:06 -> Success #2",
			"want Success #2\n\tgot  Success #1"},
		{"a new id under an old name", "batch prod-legacy\n cust-1 users 7 at 10:05 -> Success #1\n cust-1 gb 7 at 10:05 -> Success #1",
			"want Success #1\n\tgot  Success the new id "},
		{"an id that should not be there", "switch duplicateRecordId=true\nbatch prod-legacy\n cust-1 users 7 at 10:05 -> Success #1\n cust-1 users 8 at 10:05 -> DuplicateRecord",
			"got  DuplicateRecord #1"},
		{"all records that are wrong", "batch prod-legacy\n cust-1 users 7 at 10:05 -> DuplicateRecord\n cust-2 users 7 at 10:05 -> DuplicateRecord",
			"wrong.txt:6: cust-2 users 7"},
		{"a refusal that is none", "batch prod-legacy -> InvalidTagException\n cust-1 users 7 at 10:05", "want InvalidTagException\n\tgot  ok"},
		{"verdicts where all was refused", "batch no-product\n cust-1 users 7 at 10:05 -> Success",
			"got  InvalidProductCodeException\n\t     The product code passed"},
		{"another refusal", "batch no-product -> InvalidTagException", "got  InvalidProductCodeException"},
		{"a part of a message", `batch no-product -> InvalidProductCodeException ~ "teapot"`, `want a message ~ "teapot"`},
		{"a whole message", `batch no-product -> InvalidProductCodeException = "The product code"`, `want a message = "The product code"`},
		{"what ResolveCustomer says too much", "resolve tok-legacy -> customer cust-1 product prod-legacy", "account 222233334444 license l-legacy"},
		{"a count", "records -> 1", "want 1\n\tgot  0"},
		{"a record that stands otherwise", "batch prod-legacy\n cust-1 users 7 at 10:05 -> Success #1\nrecord #1 -> quantity 8 region us-east-1", "got  quantity 7 region us-east-1"},
		{"a record that does not stand", "record #1 -> quantity 8", "it is not in the books"},
		{"a member that no record has", "batch prod-legacy\n cust-1 users 7 at 10:05 -> Success #1\nrecord #1 -> colour red", "a record has no colour"},
		{"no arrow", "resolve tok-legacy", "got  customer cust-1"},
		{"no verdict on a record", "batch prod-legacy\n cust-1 users 7 at 10:05", "either the batch has an arrow, or each of its records"},
		{"an arrow too many", "batch prod-legacy -> ok\n cust-1 users 7 at 10:05 -> Success", "either the batch has an arrow"},
		{"an unknown word", "sell prod-legacy", `"sell" is no word that a line can begin with`},
		{"a word too many", "resolve tok-legacy now -> ok", `"now" is too much`},
		{"a word too few", "meter prod-ami hours 3 -> #1", `"at" is missing`},
		{"a number that is none", "meter prod-ami hours three at 10:05 -> #1", `a quantity "three" is not a number`},
		{"a time that is none", "meter prod-ami hours 3 at noon -> #1", `"noon" is not a time`},
		{"an allocation without a quantity", "meter prod-ami hours 3 at 10:05 [team=red] -> #1", `allocation "team=red" has no quantity`},
		{"nobody of that name", "as nobody", `nobody in testdata/marketplace.yaml is called "nobody"`},
		{"no such licence", "agreement l-nowhere active", "no agreement has licence l-nowhere"},
		{"no such switch", "switch colour=red", `switch "colour" is unknown`},
		{"no such profile", "profile 1999", `profile "1999" is unknown`},
		{"a throttle where none is", "throttle 1", "only the front door throttles"},
		{"indented lines below another word", "records -> 0\n cust-1 users 7 at 10:05", "only a batch has indented lines"},
	} {
		t.Run(test.name, func(t *testing.T) { wantFailure(t, m, test.story, test.want) })
	}
}

func wantFailure(t *testing.T, m mount, text, want string) {
	t.Helper()
	s, err := parse("wrong.txt", preamble+text)
	if err != nil {
		t.Fatal(err)
	}
	err = perform(t.Context(), m, s, &s.stories[0])
	if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "wrong.txt:") {
		t.Errorf("it reports %v\nwant %s", err, want)
	}
}

func TestWhatCannotBeReadIsReported(t *testing.T) {
	for text, want := range map[string]string{
		"resolve \"tok":                 "wrong.txt:1: a quote is not closed",
		"batch\n a b 1 at now [x:1":     "wrong.txt:2: a bracket is not closed",
		"resolve tok ->":                "wrong.txt:1: nothing stands to the right of the arrow",
		"resolve tok -> # a remark":     "wrong.txt:1: nothing stands to the right of the arrow",
		" cust-1 users 7 at 10:05":      "wrong.txt:1: an indented line belongs to the one above",
		"== A story\n# all remarks":     `wrong.txt: the story "A story" is empty`,
		"== A story\nonly fax\nbatch":   `wrong.txt:2: there is no mount "fax"`,
		"== A\nbatch\n== B\nonly htt\n": `wrong.txt:4: there is no mount "htt"`,
	} {
		if _, err := parse("wrong.txt", text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q gives %v, want %s", text, err, want)
		}
	}
}

// lying is a mount that changes the answers of another.
type lying struct {
	mount
	batch   func(*api.BatchMeterUsageResult)
	refusal *api.Error
}

func (m lying) batchMeterUsage(ctx context.Context, c caller, r *api.BatchMeterUsageRequest) (*api.BatchMeterUsageResult, error) {
	if m.refusal != nil {
		return nil, m.refusal
	}
	result, err := m.mount.batchMeterUsage(ctx, c, r)
	m.batch(result)
	return result, err
}

func TestAnAnswerThatIsNotWholeIsReported(t *testing.T) {
	const story = "batch prod-legacy\n cust-1 users 7 at 10:05 -> Success #1\n cust-2 gb 7 at 10:06 -> Success"
	for _, test := range []struct {
		name, want string
		lie        func(*api.BatchMeterUsageResult)
	}{
		{"another order", "not on this record as it was sent", func(r *api.BatchMeterUsageResult) { slices.Reverse(r.Results) }},
		{"a rounded time", "not on this record as it was sent", func(r *api.BatchMeterUsageResult) {
			r.Results[0].UsageRecord.Timestamp = new(r.Results[0].UsageRecord.Timestamp.Truncate(3600e9))
		}},
		{"a member that was not sent", "not on this record as it was sent", func(r *api.BatchMeterUsageResult) {
			r.Results[1].UsageRecord.CustomerAWSAccountId = new("333344445555")
		}},
		{"a record left out", "the record is missing in the answer", func(r *api.BatchMeterUsageResult) { r.Results = r.Results[:1] }},
		{"a record twice", "1 records too many", func(r *api.BatchMeterUsageResult) {
			r.UnprocessedRecords = append(r.UnprocessedRecords, r.Results[0].UsageRecord)
		}},
		{"a record not processed", "got  Unprocessed", func(r *api.BatchMeterUsageResult) {
			r.Results, r.UnprocessedRecords = r.Results[1:], []api.UsageRecord{r.Results[0].UsageRecord}
		}},
		{"no id", "got  Success without an id", func(r *api.BatchMeterUsageResult) { r.Results[1].MeteringRecordId = "" }},
		{"an id that is no UUID", "the new id 17", func(r *api.BatchMeterUsageResult) { r.Results[0].MeteringRecordId = "17" }},
	} {
		t.Run(test.name, func(t *testing.T) {
			wantFailure(t, lying{mount: mounts[0].open(t), batch: test.lie}, story, test.want)
		})
	}
	refusal := &api.Error{Name: api.IdempotencyConflictException, Status: 400}
	wantFailure(t, lying{mount: mounts[0].open(t), refusal: refusal}, "batch -> IdempotencyConflictException", "has status 400, want 409")
}
