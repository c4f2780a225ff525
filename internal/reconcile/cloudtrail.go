package reconcile

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// trailBytesMax bounds a file of CloudTrail, unpacked. AWS writes a new one
// every few minutes.
const trailBytesMax = 1 << 30

// errTooLarge is returned for a file beyond trailBytesMax.
var errTooLarge = fmt.Errorf("the file is larger than %d bytes", trailBytesMax)

// event is a call as CloudTrail has it: the members in lower camel case.
type event struct {
	EventTime    time.Time
	EventSource  string
	EventName    string
	ErrorCode    string
	ErrorMessage string
	UserIdentity struct{ AccountID string }
	// RecipientAccountID is whose trail it is.
	RecipientAccountID string

	RequestParameters struct {
		ProductCode  string
		UsageRecords []trailRecord
		// These are MeterUsage's.
		UsageDimension string
		UsageQuantity  int64
		Timestamp      trailTime
		DryRun         bool
	}
	ResponseElements struct {
		Results []struct {
			UsageRecord      trailRecord
			MeteringRecordID string
			Status           string
		}
		MeteringRecordID string
	}
}

type trailRecord struct {
	CustomerIdentifier   string
	CustomerAWSAccountID string
	LicenseArn           string
	Dimension            string
	Quantity             int64
	Timestamp            trailTime
}

// trailTime is a time as CloudTrail writes those of parameters (M0201).
type trailTime struct{ time.Time }

// trailLayouts are those that were seen, and what else a program might write.
var trailLayouts = []string{"Jan 2, 2006 3:04:05 PM", "Jan 2, 2006, 3:04:05 PM", time.RFC3339}

func (t *trailTime) UnmarshalJSON(text []byte) error {
	var seconds float64
	if json.Unmarshal(text, &seconds) == nil {
		t.Time = time.UnixMilli(int64(seconds * 1000)).UTC()
		return nil
	}
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	s = strings.ReplaceAll(s, "\u202f", " ") // what newer Java writes before PM
	for _, layout := range trailLayouts {
		if parsed, err := time.Parse(layout, s); err == nil {
			t.Time = parsed.UTC()
			return nil
		}
	}
	return fmt.Errorf("%q is not a time such as Apr 19, 2018 4:32:50 PM", s)
}

// CloudTrail reads a file of CloudTrail, packed with gzip or not: one that a
// trail has delivered, or the answer of LookupEvents. It returns what the
// service says of usage; a call that was refused says so of each of its records.
func CloudTrail(r io.Reader) ([]Entry, error) {
	buffer := bufio.NewReader(r)
	if magic, _ := buffer.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		unpacked, err := gzip.NewReader(buffer)
		if err != nil {
			return nil, fmt.Errorf("unpacking: %w", err)
		}
		r = unpacked
	} else {
		r = buffer
	}
	text, err := io.ReadAll(io.LimitReader(r, trailBytesMax+1))
	if err != nil {
		return nil, fmt.Errorf("unpacking: %w", err)
	}
	if len(text) > trailBytesMax {
		return nil, errTooLarge
	}
	events, err := parseTrail(text)
	if err != nil {
		return nil, err
	}
	var entries []Entry
	for i, raw := range events {
		list, err := entriesOf(raw)
		if err != nil {
			return nil, fmt.Errorf("event %d: %w", i+1, err)
		}
		entries = append(entries, list...)
	}
	return entries, nil
}

// parseTrail returns the events of a file.
func parseTrail(text []byte) ([]json.RawMessage, error) {
	var file struct {
		Records []json.RawMessage
		Events  []struct{ CloudTrailEvent string }
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("this is no JSON of CloudTrail: %w", err)
	}
	if file.Records == nil && file.Events == nil {
		return nil, errors.New("there is neither Records, as in files of a trail, nor Events, as in the answer of LookupEvents")
	}
	for _, e := range file.Events {
		file.Records = append(file.Records, json.RawMessage(e.CloudTrailEvent))
	}
	return file.Records, nil
}

// sources are the names of the service in trails: the one that is seen, and the
// model's (M0200).
var sources = map[string]bool{"metering-marketplace.amazonaws.com": true, "marketplacemetering.amazonaws.com": true}

// entriesOf reads an event; other services' have no entries.
func entriesOf(raw json.RawMessage) ([]Entry, error) {
	var head struct{ EventSource, EventName string }
	if err := json.Unmarshal(raw, &head); err != nil {
		return nil, err
	}
	if !sources[head.EventSource] || head.EventName != "BatchMeterUsage" && head.EventName != "MeterUsage" {
		return nil, nil
	}
	var e event
	if err := json.Unmarshal(raw, &e); err != nil {
		return nil, err
	}
	if head.EventName == "MeterUsage" {
		return e.meterUsage(), nil
	}
	return e.batch(), nil
}

func (e *event) batch() (entries []Entry) {
	product := e.RequestParameters.ProductCode
	// M0202: a failed call has no answer, and refused all that it carried.
	if e.ErrorCode != "" {
		for _, r := range e.RequestParameters.UsageRecords {
			entries = append(entries, r.entry(product, Refused, "", e.refusal()))
		}
		return entries
	}
	for _, r := range e.ResponseElements.Results {
		if r.Status == "Success" {
			entries = append(entries, r.UsageRecord.entry(product, Accepted, r.MeteringRecordID, ""))
		} else {
			entries = append(entries, r.UsageRecord.entry(product, Refused, r.MeteringRecordID, r.Status))
		}
	}
	return entries
}

func (e *event) refusal() string { return strings.TrimSuffix(e.ErrorCode+": "+e.ErrorMessage, ": ") }

// meterUsage is in the buyer's trail, and names the buyer only as the caller
// (M0203).
func (e *event) meterUsage() []Entry {
	p := &e.RequestParameters
	if p.DryRun {
		return nil
	}
	r := trailRecord{CustomerAWSAccountID: cmp.Or(e.UserIdentity.AccountID, e.RecipientAccountID), Dimension: p.UsageDimension, Quantity: p.UsageQuantity, Timestamp: p.Timestamp}
	if e.ErrorCode != "" {
		return []Entry{r.entry(p.ProductCode, Refused, "", e.refusal())}
	}
	return []Entry{r.entry(p.ProductCode, Accepted, e.ResponseElements.MeteringRecordID, "")}
}

func (r *trailRecord) entry(product string, state State, id, reason string) Entry {
	return Entry{
		Product: product, Buyer: Buyer{r.CustomerIdentifier, r.CustomerAWSAccountID, r.LicenseArn},
		Dimension: r.Dimension, Time: r.Timestamp.Time, Quantity: r.Quantity,
		State: state, ID: id, Reason: reason,
	}
}
