package admin

import (
	"bufio"
	"encoding/json"
	"iter"
	"net/http"
	"strconv"
	"strings"
)

// NDJSON is the media type of one JSON value per line.
const NDJSON = "application/x-ndjson"

// RecordList is the JSON answer of GET records.
type RecordList struct {
	Records []Record `json:"records"`
	// Truncated says that there are more than the limit let through.
	Truncated bool `json:"truncated"`
}

func (a *Admin) records(w http.ResponseWriter, r *http.Request) {
	query, err := recordQueryOf(r)
	if err != nil {
		a.fail(w, err)
		return
	}
	stream := strings.Contains(r.Header.Get("Accept"), NDJSON)
	limit := query.Limit
	if !stream {
		if limit == 0 {
			limit = recordsDefault
		}
		if limit > recordsMax {
			a.fail(w, refuse(http.StatusBadRequest, "limit: %d is above %d; ask for %s, which has no limit", limit, recordsMax, NDJSON))
			return
		}
		query.Limit = limit + 1 // one more tells whether there are more
	}
	records, err := Records(r.Context(), a.ledger, query)
	if err != nil {
		a.fail(w, err)
		return
	}
	if stream {
		a.streamRecords(w, records)
		return
	}
	a.listRecords(w, records, limit)
}

func recordQueryOf(r *http.Request) (q RecordQuery, err error) {
	query, err := queryOf(r, "from", "to", "product", "customer", "dimension", "limit")
	if err != nil {
		return q, err
	}
	q = RecordQuery{From: query["from"], To: query["to"], Product: query["product"], Customer: query["customer"], Dimension: query["dimension"]}
	if text := query["limit"]; text != "" {
		if q.Limit, err = strconv.Atoi(text); err != nil || q.Limit < 1 {
			return q, refuse(http.StatusBadRequest, "limit: %q is not a whole number of 1 or more", text)
		}
	}
	return q, nil
}

func (a *Admin) listRecords(w http.ResponseWriter, records iter.Seq2[Record, error], limit int) {
	list := RecordList{Records: []Record{}}
	for record, err := range records {
		if err != nil {
			a.fail(w, err)
			return
		}
		if len(list.Records) == limit {
			list.Truncated = true
			break
		}
		list.Records = append(list.Records, record)
	}
	writeJSON(w, http.StatusOK, list)
}

// streamRecords writes one record per line. The status has been sent when a
// fault comes, so that the last line tells of it: an object with "error".
func (a *Admin) streamRecords(w http.ResponseWriter, records iter.Seq2[Record, error]) {
	w.Header().Set("Content-Type", NDJSON)
	w.Header().Set("Cache-Control", "no-store")
	out := bufio.NewWriter(w)
	lines := json.NewEncoder(out)
	lines.SetEscapeHTML(false)
	for record, err := range records {
		var line any = record
		if err != nil {
			a.logger.Error("listing records failed", "err", err)
			line = refuse(http.StatusInternalServerError, "%v", err)
		}
		if lines.Encode(line) != nil {
			return // the client has gone
		}
	}
	_ = out.Flush()
}
