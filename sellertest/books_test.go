package sellertest

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/meterd/meterd/api"
	"github.com/meterd/meterd/internal/admin"
	"github.com/meterd/meterd/internal/agent"
	"github.com/meterd/meterd/internal/metering"
	"github.com/meterd/meterd/internal/outbox"
)

// event is usage as it is posted.
type event struct {
	ID        string            `json:"id"`
	Product   string            `json:"product"`
	Customer  string            `json:"customer"`
	License   string            `json:"licenseArn,omitempty"`
	Dimension string            `json:"dimension"`
	Quantity  int64             `json:"quantity"`
	Time      *time.Time        `json:"time,omitempty"`
	Tags      map[string]string `json:"tags,omitempty"`
}

// key is what the agent counts the event for.
func (e *event) key() agent.Key {
	k := agent.Key{Product: metering.ProductCode(e.Product), License: metering.LicenseARN(e.License), Dimension: metering.Dimension(e.Dimension)}
	if k.License != "" {
		k.Account = metering.AccountID(e.Customer)
	} else {
		k.Identifier = metering.CustomerID(e.Customer)
	}
	return k
}

// books are what an observer knows: the events that were acknowledged, and every
// record that was ever seen.
type books struct {
	acknowledged map[string]event
	frozen       map[string]string
	// latest is the latest that the clock has shown.
	latest time.Time
}

func newBooks() *books { return &books{acknowledged: map[string]event{}, frozen: map[string]string{}} }

// sheets are what the agent and the service say.
type sheets struct {
	accounts []agent.Account
	records  []agent.Record
	billed   []admin.Record
}

// slot is where a record counts.
type slot struct {
	key  agent.Key
	hour time.Time
}

// billedSlot is that of the service's record. It has both names of a buyer, and
// no product on a licence.
func billedSlot(r *admin.Record) slot {
	k := agent.Key{Product: r.Product, Identifier: r.Customer, Dimension: r.Dimension}
	if r.License != "" {
		k = agent.Key{Product: modernProduct, Account: r.Buyer, License: r.License, Dimension: r.Dimension}
	}
	return slot{k, r.Hour.UTC()}
}

// balance is the sum over all keys.
type balance struct {
	// Lost was acknowledged and is nowhere, Doubled is billed and was never
	// told, to the unit.
	Lost, Doubled int64
	// Told was acknowledged; Billed, Named (dead letters that are not billed),
	// Open (with what is pending) and Credit are where it is.
	Told, Billed, Named, Open, Credit int64
}

// compare holds the sheets against the books, and against one another.
func (b *books) compare(s *sheets) (sum balance, problems []string) {
	problem := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	billed := map[slot]*admin.Record{}
	where := map[agent.Key]balance{}
	for i := range s.billed {
		r := &s.billed[i]
		at := billedSlot(r)
		if billed[at] != nil {
			problem("the service has two records of %v", at)
		}
		billed[at] = r
		where[at.key] = where[at.key].plus(balance{Billed: r.Quantity})
	}
	for i := range s.records {
		r := &s.records[i]
		at := slot{r.Key, r.Hour.UTC()}
		problems = append(problems, b.remember(r)...)
		if contradiction := b.contradiction(r, billed[at]); contradiction != "" {
			problem("record %s of %d for %v: %s", r.ID, r.Quantity, at, contradiction)
		}
		if billed[at] == nil {
			where[at.key] = where[at.key].plus(unbilled(r))
		}
		delete(billed, at)
	}
	for at, r := range billed {
		problem("the service has %d of %v, of which the agent has no record", r.Quantity, at)
	}
	told := b.told()
	for i := range s.accounts {
		a := &s.accounts[i]
		t := a.Totals
		if t.Told != t.Open-t.Credit+t.Included+t.Pending+t.Done+t.Dead+t.Discarded {
			problem("%v: the totals do not add up: %+v", a.Key, t)
		}
		if t.Told != told[a.Key] {
			problem("%v: %d are told, %d were acknowledged", a.Key, t.Told, told[a.Key])
		}
		at := where[a.Key].plus(balance{Told: told[a.Key], Open: t.Open, Credit: t.Credit})
		missing := at.Told - at.Billed - at.Named - at.Open + at.Credit
		sum = sum.plus(at).plus(balance{Lost: max(missing, 0), Doubled: max(-missing, 0)})
		delete(told, a.Key)
	}
	for k, quantity := range told {
		problem("%v: %d were acknowledged, and the agent knows nothing of it", k, quantity)
		sum.Lost += quantity
	}
	return sum, problems
}

func (b balance) plus(c balance) balance {
	return balance{
		Lost: b.Lost + c.Lost, Doubled: b.Doubled + c.Doubled, Told: b.Told + c.Told,
		Billed: b.Billed + c.Billed, Named: b.Named + c.Named, Open: b.Open + c.Open, Credit: b.Credit + c.Credit,
	}
}

// unbilled says where the amount of a record is that the service does not have.
// That of a void one went on to another hour, and so did that of a carried one.
func unbilled(r *agent.Record) balance {
	switch r.State {
	case outbox.Pending:
		return balance{Open: r.Amount}
	case outbox.Dead, outbox.Discarded:
		return balance{Named: r.Amount}
	}
	return balance{}
}

// contradiction is what cannot be true of a record, if the service has theirs.
func (b *books) contradiction(r *agent.Record, theirs *admin.Record) string {
	switch {
	case r.State == outbox.Dead && !b.deserved(r):
		return fmt.Sprintf("it should not be a dead letter: %s: %s", r.Cause, r.Detail)
	case theirs == nil && r.State == outbox.Done:
		return "it is done, and the service does not have it"
	case theirs == nil:
		return ""
	case theirs.Quantity != r.Quantity:
		return fmt.Sprintf("the service has %d", theirs.Quantity)
	case r.State == outbox.Void:
		return "it is void, and the service has it"
	case r.State == outbox.Done && theirs.ID != r.MeteringRecordID:
		return fmt.Sprintf("it is done as %s, the service has %s", r.MeteringRecordID, theirs.ID)
	case r.State == outbox.Dead && !strings.Contains(r.Detail, "may have been billed"):
		return "it is a dead letter and billed, and does not say so: " + r.Detail
	}
	return ""
}

// deserved reports whether a dead letter has a reason, and a true one.
func (b *books) deserved(r *agent.Record) bool {
	late := !b.latest.Before(r.Deadline)
	switch r.Cause {
	case outbox.CauseExpired, outbox.Cause(api.TimestampOutOfBoundsException):
		return late && r.Detail != ""
	case outbox.Cause(api.CustomerNotSubscribed):
		return (r.Identifier == "cust-leaving" || r.Identifier == "cust-pending") && r.Detail != ""
	}
	return false
}

// told is what was acknowledged, by key.
func (b *books) told() map[agent.Key]int64 {
	told := map[agent.Key]int64{}
	for _, e := range b.acknowledged {
		told[e.key()] += e.Quantity
	}
	return told
}

// remember notes a record, and compares it with what it was.
func (b *books) remember(r *agent.Record) (problems []string) {
	frozen := *r
	frozen.State, frozen.Status, frozen.Cause, frozen.Detail, frozen.MeteringRecordID = "", "", "", "", ""
	frozen.Attempts, frozen.LastSent, frozen.SettledAt = 0, nil, nil
	text, err := json.Marshal(frozen)
	if err != nil {
		return []string{err.Error()}
	}
	if before, ok := b.frozen[r.ID]; ok && before != string(text) {
		problems = append(problems, fmt.Sprintf("record %s was %s and is %s", r.ID, before, text))
	}
	b.frozen[r.ID] = string(text)
	return problems
}
