package bench

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/meterd/meterd/api"
)

// Verdicts counts what became of records.
type Verdicts struct {
	// Created were told for the first time and answered with Success.
	Created int64 `json:"created"`
	// Retried were told again and answered with Success and the same id.
	Retried int64 `json:"retried"`
	// Conflicts contradicted an earlier record and were answered so.
	Conflicts int64 `json:"conflicts"`
	// Unexpected got another verdict than must follow.
	Unexpected int64 `json:"unexpected"`
}

func (v *Verdicts) add(other Verdicts) {
	v.Created += other.Created
	v.Retried += other.Retried
	v.Conflicts += other.Conflicts
	v.Unexpected += other.Unexpected
}

// Total is how many records got a verdict.
func (v Verdicts) Total() int64 { return v.Created + v.Retried + v.Conflicts + v.Unexpected }

// recordID is a MeteringRecordId, in UUID form.
type recordID [36]byte

// expectation is what must become of a record of a request.
type expectation struct {
	kind   kind
	number uint64   // the record's, in its product's space
	id     recordID // the one that a retry must get
}

type kind int

const (
	fresh kind = iota
	retry
	conflict
)

// What an answer consists of, as meterd orders its members. The records that
// the generator sends have no objects in them, so that two braces end a result.
var (
	resultsBegin = []byte(`{"Results":[`)
	idMember     = []byte(`"MeteringRecordId":"`)
	statusMember = []byte(`"Status":"`)
	resultEnd    = []byte(`}}`)
	// resultsEnd is that of an answer that processed all records.
	resultsEnd = []byte(`],"UnprocessedRecords":[]}`)
)

// judge compares the result that begins rest with what must follow, and
// returns its id and what is behind.
func (e *expectation) judge(rest []byte) (id recordID, behind []byte, err error) {
	status, id, behind, ok := cutResult(rest)
	want := api.Success
	if e.kind == conflict {
		want = api.DuplicateRecord
	}
	switch {
	case !ok:
		err = errors.New("there are too few results")
	case string(status) != string(want):
		err = fmt.Errorf("a record was answered with %s instead of %s", status, want)
	case e.kind == retry && id != e.id:
		err = fmt.Errorf("a retry got the id %s instead of %s", id[:], e.id[:])
	case e.kind == fresh && id == recordID{}:
		err = errors.New("a record was accepted without an id")
	}
	return id, behind, err
}

// cutResult takes the first result off a list. Its id is zero if it has none.
func cutResult(list []byte) (status []byte, id recordID, behind []byte, ok bool) {
	list = bytes.TrimPrefix(list, []byte{'{'})
	if text, has := bytes.CutPrefix(list, idMember); has && len(text) > len(id) {
		copy(id[:], text)
		list = bytes.TrimPrefix(text[len(id):], []byte(`",`))
	}
	list, ok = bytes.CutPrefix(list, statusMember)
	if !ok {
		return nil, id, nil, false
	}
	status, list, _ = bytes.Cut(list, []byte{'"'})
	_, behind, ok = bytes.Cut(list, resultEnd)
	return status, id, bytes.TrimPrefix(behind, []byte{','}), ok
}

func (v *Verdicts) count(k kind) {
	switch k {
	case fresh:
		v.Created++
	case retry:
		v.Retried++
	case conflict:
		v.Conflicts++
	}
}
