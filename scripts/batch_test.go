package scripts

import (
	"errors"
	"fmt"
	"strings"

	"github.com/google/go-cmp/cmp"

	"github.com/meterd/meterd/api"
)

// batch is BatchMeterUsage: the line names the product, those below it are the
// records.
func (p *play) batch(l line) error {
	a := p.args(l)
	request := &api.BatchMeterUsageRequest{UsageRecords: []api.UsageRecord{}}
	if len(a.words) > 0 {
		request.ProductCode = a.text("a product")
	}
	if err := a.done(); err != nil {
		return err
	}
	var told []line // the line of each record
	for _, inner := range l.inner {
		if inner.arrow == l.arrow {
			return &mismatch{inner, "either the batch has an arrow, or each of its records"}
		}
		records, err := p.usageRecords(inner)
		if err != nil {
			return &mismatch{inner, err.Error()}
		}
		for _, r := range records {
			request.UsageRecords, told = append(request.UsageRecords, r), append(told, inner)
		}
	}
	result, err := p.mount.batchMeterUsage(p.ctx, p.caller, request)
	if err != nil || l.arrow {
		return p.answered(l, "ok", err)
	}
	return p.verdicts(request.UsageRecords, told, result)
}

// verdicts holds the answer against the lines. M0130: the results are in the
// order of the request, and each record is in one of the two lists; M0129: as
// it was sent.
func (p *play) verdicts(sent []api.UsageRecord, told []line, result *api.BatchMeterUsageResult) error {
	var wrong []error
	results, unprocessed := result.Results, result.UnprocessedRecords
	for i, record := range sent {
		echo := known(&p.profile, record)
		switch {
		case len(results) > 0 && cmp.Equal(results[0].UsageRecord, echo):
			wrong = append(wrong, p.answered(told[i], p.verdict(results[0], told[i]), nil))
			results = results[1:]
		case len(unprocessed) > 0 && cmp.Equal(unprocessed[0], echo):
			wrong = append(wrong, p.answered(told[i], "Unprocessed", nil))
			unprocessed = unprocessed[1:]
		case len(results) > 0:
			return &mismatch{told[i], "the next result is not on this record as it was sent:\n" + cmp.Diff(echo, results[0].UsageRecord)}
		default:
			return &mismatch{told[i], "the record is missing in the answer"}
		}
	}
	if len(results)+len(unprocessed) > 0 {
		return fmt.Errorf("the answer has %d records too many", len(results)+len(unprocessed))
	}
	return errors.Join(wrong...)
}

func (p *play) verdict(r api.UsageRecordResult, l line) string {
	status := string(r.Status)
	switch {
	case r.MeteringRecordId == "" && r.Status == api.Success:
		return status + " without an id"
	case r.MeteringRecordId == "":
		return status
	}
	if r.Status == api.Success && len(l.want) == 1 && uuid.MatchString(r.MeteringRecordId) {
		return status // the line leaves the name out
	}
	return status + " " + p.nameOf(r.MeteringRecordId, l)
}

// usageRecords reads WHO DIMENSION QUANTITY at TIME [ALLOCATIONS], once for each
// number that the line stands for.
func (p *play) usageRecords(l line) (list []api.UsageRecord, err error) {
	for _, number := range numbers(l.outsideBracket()...) {
		words := append([]string(nil), l.words...)
		for i, word := range words {
			if !strings.HasPrefix(word, "[") {
				words[i] = numbered(word, number)
			}
		}
		r, err := usageRecord(&args{words: words, now: p.now})
		if err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, nil
}

func (l line) outsideBracket() (words []string) {
	for _, word := range l.words {
		if !strings.HasPrefix(word, "[") {
			words = append(words, word)
		}
	}
	return words
}

func usageRecord(a *args) (api.UsageRecord, error) {
	var r api.UsageRecord
	if who := a.text("who"); who != nil {
		for name := range strings.SplitSeq(*who, "+") {
			switch kind, rest, _ := strings.Cut(name, ":"); kind {
			case "account":
				r.CustomerAWSAccountId = &rest
			case "license":
				r.LicenseArn = new(string(licenseOf(rest)))
			default:
				r.CustomerIdentifier = &name
			}
		}
	}
	r.Dimension, r.Quantity = a.text("a dimension"), a.number("a quantity")
	r.Timestamp = a.time("at")
	r.UsageAllocations = a.allocations()
	return r, a.done()
}
