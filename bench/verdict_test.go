package bench

import (
	"strings"
	"testing"

	"github.com/meterd/meterd/api"
	"github.com/meterd/meterd/internal/wire"
)

const (
	oneID   = "11111111-1111-4111-8111-111111111111"
	otherID = "22222222-2222-4222-8222-222222222222"
)

// answerOf encodes an answer as the service does; a result is its status, then
// its id if there is one.
func answerOf(results ...string) []byte {
	var list api.BatchMeterUsageResult
	for _, text := range results {
		status, id, _ := strings.Cut(text, " ")
		list.Results = append(list.Results, api.UsageRecordResult{
			UsageRecord:      api.UsageRecord{Dimension: new("dimension000"), CustomerIdentifier: new("buyer000000"), Quantity: new(int64(7))},
			Status:           api.UsageRecordResultStatus(status),
			MeteringRecordId: id,
		})
	}
	return wire.AppendBatchMeterUsage(nil, &list, wire.AWSJSON)
}

func TestJudgeAnswers(t *testing.T) {
	told := func(k kind) expectation {
		e := expectation{kind: k}
		copy(e.id[:], oneID)
		return e
	}
	unprocessed := []byte(strings.Replace(string(answerOf("Success "+oneID)), `"UnprocessedRecords":[]`, `"UnprocessedRecords":[{"Quantity":7}]`, 1))
	tests := []struct {
		name     string
		expected []expectation
		body     []byte
		want     Verdicts
		trouble  string
	}{
		{"as it must be", []expectation{told(fresh), told(retry), told(conflict), told(conflict)},
			answerOf("Success "+otherID, "Success "+oneID, "DuplicateRecord", "DuplicateRecord "+oneID), Verdicts{Created: 1, Retried: 1, Conflicts: 2}, ""},
		{"a new record is a duplicate", []expectation{told(fresh)}, answerOf("DuplicateRecord"), Verdicts{Unexpected: 1}, "DuplicateRecord instead of Success"},
		{"not subscribed", []expectation{told(fresh)}, answerOf("CustomerNotSubscribed"), Verdicts{Unexpected: 1}, "CustomerNotSubscribed instead of Success"},
		{"a new record without an id", []expectation{told(fresh)}, answerOf("Success"), Verdicts{Unexpected: 1}, "without an id"},
		{"a retry with another id", []expectation{told(retry)}, answerOf("Success " + otherID), Verdicts{Unexpected: 1}, "instead of " + oneID},
		{"an id is not the next record's", []expectation{told(conflict), told(fresh)}, answerOf("DuplicateRecord "+oneID, "Success"), Verdicts{Conflicts: 1, Unexpected: 1}, "without an id"},
		{"a contradiction is accepted", []expectation{told(conflict)}, answerOf("Success " + oneID), Verdicts{Unexpected: 1}, "Success instead of DuplicateRecord"},
		{"too few results", []expectation{told(fresh), told(fresh)}, answerOf("Success " + oneID), Verdicts{Created: 1, Unexpected: 1}, "too few results"},
		{"too many results", []expectation{told(fresh)}, answerOf("Success "+oneID, "Success "+oneID), Verdicts{Created: 1}, "more results"},
		{"unprocessed records", []expectation{told(fresh)}, unprocessed, Verdicts{Created: 1}, "unprocessed"},
		{"something else", []expectation{told(fresh)}, []byte("ok"), Verdicts{Unexpected: 1}, "too few results"},
	}
	for _, test := range tests {
		load := &batchLoad{plan: &plan{products: make([]product, 1)}, told: make([][]expectation, 1), expected: test.expected}
		got, err := load.judge(test.body)
		if got != test.want {
			t.Errorf("%s: %+v, want %+v", test.name, got, test.want)
		}
		if (err == nil) != (test.trouble == "") || err != nil && !strings.Contains(err.Error(), test.trouble) {
			t.Errorf("%s: trouble %v, want %q", test.name, err, test.trouble)
		}
	}
}
