package agent

import (
	"encoding/json"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/meterd/meterd/internal/metering"
	"github.com/meterd/meterd/internal/outbox"
	"github.com/meterd/meterd/internal/plan"
)

// ndjson is one JSON value per line, of any number.
const ndjson = "application/x-ndjson"

// getRecords lists records by hour.
func (a *Agent) getRecords(w http.ResponseWriter, r *http.Request) {
	filter, err := parseFilter(r.URL.Query())
	if err != nil {
		a.fail(w, err)
		return
	}
	a.list(w, r, a.outbox.Records(r.Context(), filter))
}

// getDeadLetters lists those that need a person.
func (a *Agent) getDeadLetters(w http.ResponseWriter, r *http.Request) {
	a.list(w, r, a.outbox.DeadLetters(r.Context()))
}

func (a *Agent) record(r *http.Request) (any, error) {
	id, err := recordID(r)
	if err != nil {
		return nil, err
	}
	record, err := a.outbox.Record(r.Context(), id)
	if err != nil {
		return nil, err
	}
	return recordView(&record), nil
}

func recordID(r *http.Request) (outbox.RecordID, error) {
	id, err := outbox.ParseRecordID(r.PathValue("id"))
	if err != nil {
		return id, refuse(http.StatusBadRequest, "%v", err)
	}
	return id, nil
}

// listed is an answer with records. More says that the limit cut it.
type listed struct {
	Records []Record `json:"records"`
	More    bool     `json:"more"`
}

// list answers with records, as a list up to a limit or, to those who accept
// NDJSON, as lines of any number.
func (a *Agent) list(w http.ResponseWriter, r *http.Request, records iter.Seq2[outbox.Record, error]) {
	limit, err := parseLimit(r.URL.Query().Get("limit"))
	if err != nil {
		a.fail(w, err)
		return
	}
	if strings.Contains(r.Header.Get("Accept"), ndjson) {
		a.listLines(w, records, limit)
		return
	}
	if limit == 0 {
		limit = recordsDefault
	}
	answer := listed{Records: []Record{}}
	for record, err := range records {
		if err != nil {
			a.fail(w, err)
			return
		}
		if answer.More = len(answer.Records) == limit; answer.More {
			break
		}
		answer.Records = append(answer.Records, recordView(&record))
	}
	writeJSON(w, http.StatusOK, answer)
}

// listLines streams. A fault in the middle is a last line with an error.
func (a *Agent) listLines(w http.ResponseWriter, records iter.Seq2[outbox.Record, error], limit int) {
	w.Header().Set("Content-Type", ndjson)
	lines := json.NewEncoder(w)
	lines.SetEscapeHTML(false)
	count := 0
	for record, err := range records {
		if err != nil {
			a.logger.Error("listing records failed", "err", err)
			_ = lines.Encode(problem{Text: err.Error()})
			return
		}
		if lines.Encode(recordView(&record)) != nil {
			return // the client has gone
		}
		if count++; count == limit {
			return
		}
	}
}

func parseLimit(text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, refuse(http.StatusBadRequest, "limit: %q is not a whole number of 1 or more", text)
	}
	return n, nil
}

// filterNames are the parameters of GET /v1/records.
var filterNames = []string{"product", "customer", "license", "from", "to", "state", "limit"}

func parseFilter(query url.Values) (f outbox.Filter, err error) {
	for name := range query {
		if !slices.Contains(filterNames, name) {
			return f, refuse(http.StatusBadRequest, "there is no parameter %q; there are %s", name, strings.Join(filterNames, ", "))
		}
	}
	f.Product = metering.ProductCode(query.Get("product"))
	f.Customer = plan.CustomerOf(query.Get("customer"), "", "", query.Get("license"))
	f.State = outbox.State(query.Get("state"))
	if f.State != "" && !slices.Contains(outbox.States(), f.State) {
		return f, refuse(http.StatusBadRequest, "state: %q is none of %v", f.State, outbox.States())
	}
	if f.From, err = parseHour("from", query.Get("from")); err != nil {
		return f, err
	}
	f.To, err = parseHour("to", query.Get("to"))
	return f, err
}

// parseHour reads the hour that a time lies in; 0 for none.
func parseHour(name, text string) (outbox.Hour, error) {
	if text == "" {
		return 0, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return outbox.HourOf(t), nil
		}
	}
	return 0, refuse(http.StatusBadRequest, "%s: %q is not a time such as 2026-11-22T00:00:00Z, or a day", name, text)
}
