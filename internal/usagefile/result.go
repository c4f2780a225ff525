package usagefile

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/meterd/meterd/api"
	"github.com/meterd/meterd/client"
)

// Verdict is what became of a row.
type Verdict string

// The service's verdicts are [api.Success], [api.CustomerNotSubscribed] and
// [api.DuplicateRecord]; these are for what has none.
const (
	// Refused: the row or its record is at fault, and is not stored.
	Refused Verdict = "Refused"
	// Unprocessed: the service gave the record back each time.
	Unprocessed Verdict = "Unprocessed"
	// Unknown: the record was sent, or was about to be, and no answer is kept.
	// It may be stored, and is told again, unchanged.
	Unknown Verdict = "Unknown"
	// NotSent: the record is not stored and is to be told.
	NotSent Verdict = "NotSent"
)

// Accepted reports whether the row counts.
func (v Verdict) Accepted() bool { return v == Verdict(api.Success) }

// Open reports whether the row is still to be told.
func (v Verdict) Open() bool { return v == Unprocessed || v == Unknown || v == NotSent || v == "" }

// Result is what became of one row, as the result file has it.
type Result struct {
	Line             int        `json:"line"`
	Verdict          Verdict    `json:"verdict"`
	MeteringRecordID string     `json:"meteringRecordId,omitempty"`
	Product          string     `json:"productCode,omitempty"`
	Customer         string     `json:"customerIdentifier,omitempty"`
	Account          string     `json:"customerAWSAccountId,omitempty"`
	License          string     `json:"licenseArn,omitempty"`
	Dimension        string     `json:"dimension,omitempty"`
	Timestamp        *time.Time `json:"timestamp,omitempty"`
	// Quantity is the row's own; rows that were added up have one Record.
	Quantity *int64 `json:"quantity,omitempty"`
	Record   string `json:"record,omitempty"`
	Reason   string `json:"reason,omitempty"`
}

// resultHeader begins a result file that is CSV.
var resultHeader = []string{
	"line", "verdict", "meteringRecordId", "productCode", "customerIdentifier", "customerAWSAccountId",
	"licenseArn", "dimension", "timestamp", "quantity", "record", "reason",
}

// resultOf begins the result of a row with what the row says.
func resultOf(r *Row, record string) Result {
	return Result{
		Line: r.Line, Product: r.Product, Record: record,
		Customer: text(r.Usage.CustomerIdentifier), Account: text(r.Usage.CustomerAWSAccountId),
		License: text(r.Usage.LicenseArn), Dimension: text(r.Usage.Dimension),
		Timestamp: r.Usage.Timestamp, Quantity: r.Usage.Quantity,
	}
}

// judge writes a verdict of the client's.
func (r *Result) judge(v client.Verdict) {
	r.MeteringRecordID, r.Reason = v.MeteringRecordId, ""
	r.Verdict = Verdict(v.Outcome)
	if v.Outcome == client.Answered {
		r.Verdict = Verdict(v.Status)
	}
	switch {
	case v.Err != nil:
		r.Reason = oneLine(v.Err.Error())
	case !v.Accepted():
		e := client.ExplainStatus(v.Status)
		r.Reason = oneLine(e.What + " " + e.Do)
	}
}

// noBreaks keeps a name as it is, but for line breaks.
var noBreaks = strings.NewReplacer("\r", " ", "\n", " ")

// oneLine makes a reason fit for a cell.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > reasonBytesMax {
		s = s[:reasonBytesMax]
	}
	return strings.ToValidUTF8(s, "")
}

// appendResult appends the line of a result.
func appendResult(b []byte, format Format, r *Result) ([]byte, error) {
	if format == NDJSON {
		line, err := json.Marshal(r)
		return append(append(b, line...), '\n'), err
	}
	var when, quantity string
	if r.Timestamp != nil {
		when = r.Timestamp.UTC().Format(time.RFC3339Nano)
	}
	if r.Quantity != nil {
		quantity = strconv.FormatInt(*r.Quantity, 10)
	}
	return appendCSV(b, []string{
		strconv.Itoa(r.Line), string(r.Verdict), r.MeteringRecordID, r.Product, r.Customer, r.Account,
		r.License, r.Dimension, when, quantity, r.Record, r.Reason,
	})
}

func appendCSV(b []byte, texts []string) ([]byte, error) {
	buffer := bytes.NewBuffer(b)
	w := csv.NewWriter(buffer)
	for i := range texts {
		texts[i] = noBreaks.Replace(texts[i]) // a line is the unit that a crash leaves whole
	}
	if err := w.Write(texts); err != nil {
		return nil, err
	}
	w.Flush()
	return buffer.Bytes(), w.Error()
}

var errNoResult = errors.New("this is not a line of a result file of meterd import")

// parseResult reads a line; ok is false for the header.
func parseResult(format Format, line []byte) (r Result, ok bool, err error) {
	if format == NDJSON {
		err = strictly(line, &r)
		if err != nil || r.Line == 0 || r.Verdict == "" {
			return r, false, errNoResult
		}
		return r, true, nil
	}
	texts, err := csv.NewReader(bytes.NewReader(line)).Read()
	if err != nil || len(texts) != len(resultHeader) {
		return r, false, errNoResult
	}
	if slices.Equal(texts, resultHeader) {
		return r, false, nil
	}
	r = Result{
		Verdict: Verdict(texts[1]), MeteringRecordID: texts[2], Product: texts[3], Customer: texts[4], Account: texts[5],
		License: texts[6], Dimension: texts[7], Record: texts[10], Reason: texts[11],
	}
	if r.Line, err = strconv.Atoi(texts[0]); err != nil {
		return r, false, errNoResult
	}
	if texts[8] != "" {
		t, err := time.Parse(time.RFC3339Nano, texts[8])
		if err != nil {
			return r, false, fmt.Errorf("timestamp %q: %w", texts[8], errNoResult)
		}
		r.Timestamp = &t
	}
	if texts[9] != "" {
		n, err := strconv.ParseInt(texts[9], 10, 64)
		if err != nil {
			return r, false, fmt.Errorf("quantity %q: %w", texts[9], errNoResult)
		}
		r.Quantity = &n
	}
	return r, true, nil
}
