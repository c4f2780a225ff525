package transfer

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/meterd/meterd/internal/audit"
	"github.com/meterd/meterd/internal/store"
)

// format is that of the lines. A later one takes another number.
const format = 1

// line is one line of an export; exactly one member is set.
type line struct {
	Ledger *ledgerLine `json:"ledger,omitempty"`
	Call   *callLine   `json:"call,omitempty"`
	Fact   *factLine   `json:"fact,omitempty"`
	Name   *nameLine   `json:"name,omitempty"`
	Row    *rowLine    `json:"row,omitempty"`
	End    *endLine    `json:"end,omitempty"`
}

// ledgerLine is the first.
type ledgerLine struct {
	Format int       `json:"format"`
	Time   time.Time `json:"time"`
	// Heads are where the chains end.
	Heads []string `json:"heads"`
}

// callLine is a call. Told is what the hash covers, in the form of
// store.AppendTold; outcomes has a letter for each fact.
type callLine struct {
	ID       callID `json:"id"`
	Hash     link   `json:"hash"`
	Outcomes string `json:"outcomes,omitempty"`
	Told     []byte `json:"told"`
}

// factLine is a fact that stands though its call is not in the log any more.
// Told is a request that tells it.
type factLine struct {
	Call callID `json:"call"`
	Told []byte `json:"told"`
}

type nameLine struct {
	ID   store.NameID `json:"id"`
	Name text         `json:"name"`
}

type rowLine struct {
	Table store.Table `json:"table"`
	Key   text        `json:"key"`
	Value []byte      `json:"value"`
}

// endLine is the last, so that a cut export is no whole one.
type endLine struct {
	Counts
	// SHA256 is that of all lines before.
	SHA256 link `json:"sha256"`
}

// Counts are how much there is of each.
type Counts struct {
	Calls uint64 `json:"calls"`
	Facts uint64 `json:"facts"`
	Names uint64 `json:"names"`
	Rows  uint64 `json:"rows"`
}

// stands is the letter of a fact that its call created and that stands as told
// there; outcomeLetters are those of all others, by their outcome.
const (
	stands         = 'C'
	outcomeLetters = " csxkf"
)

func outcomeOf(letter byte) (store.Outcome, error) {
	if letter == stands {
		return store.Created, nil
	}
	if at := strings.IndexByte(outcomeLetters, letter); at > 0 {
		return store.Outcome(at), nil
	}
	return 0, fmt.Errorf("outcome %q is unknown", letter)
}

// callID stands in JSON as people write it.
type callID store.CallID

func (id callID) MarshalText() ([]byte, error) { return []byte(store.CallID(id).String()), nil }

func (id *callID) UnmarshalText(b []byte) error {
	head, err := store.ParseHead(string(b) + ":" + link{}.String())
	if err != nil {
		return fmt.Errorf("%q is no call's id", b)
	}
	*id = callID(head.Call)
	return nil
}

// link is a hash that stands in JSON as hex.
type link audit.Hash

func sumOf(h hash.Hash) link { return link(h.Sum(nil)) }

func (h link) String() string { return fmt.Sprintf("%x", h[:]) }

func (h link) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

func (h *link) UnmarshalText(b []byte) error {
	head, err := store.ParseHead("1:" + string(b))
	if err != nil {
		return fmt.Errorf("%q is no hash of 64 hex digits", b)
	}
	*h = link(head.Hash)
	return nil
}

// text is a string that may hold bytes that are no text: those stand in JSON as
// {"base64": …}.
type text string

type rawText struct {
	Base64 []byte `json:"base64"`
}

func (t text) MarshalJSON() ([]byte, error) {
	if utf8.ValidString(string(t)) {
		return json.Marshal(string(t))
	}
	return json.Marshal(rawText{[]byte(t)})
}

func (t *text) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err == nil {
		*t = text(s)
		return nil
	}
	var raw rawText
	if err := json.Unmarshal(b, &raw); err != nil {
		return errors.New("neither a string nor base64")
	}
	*t = text(raw.Base64)
	return nil
}
