package ledger

import (
	"context"
	"fmt"
	"sync"

	"github.com/meterd/meterd/internal/audit"
	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/metering"
	"github.com/meterd/meterd/internal/store"
)

// work is the memory that one BatchMeterUsage works in, and after it another
// one. Nothing of it leaves the call.
type work struct {
	metered []marketplace.Metered
	entry   audit.Batch
	request store.Request
}

var works = sync.Pool{New: func() any { return new(work) }}

// release forgets what the call was about, and gives the memory to the next one.
func (w *work) release() {
	clear(w.metered[:cap(w.metered)])
	clear(w.entry.Records[:cap(w.entry.Records)])
	clear(w.request.Facts[:cap(w.request.Facts)])
	*w = work{
		metered: w.metered[:0],
		entry:   audit.Batch{Records: w.entry.Records[:0]},
		request: store.Request{Facts: w.request.Facts[:0], Call: w.request.Call[:0], Decisions: w.request.Decisions[:0]},
	}
	works.Put(w)
}

// enter fills the entry of the trail. If the rules refused the batch, metered is
// nil.
func (w *work) enter(b metering.Batch, metered []marketplace.Metered) {
	w.entry.ProductCode = string(b.Product)
	for i := range b.Usages {
		u := &b.Usages[i]
		if metered != nil && factSays(u, &metered[i]) {
			w.entry.Records = append(w.entry.Records, audit.Record{Brief: true, Customer: string(u.Customer)})
			continue
		}
		r := audit.Record{
			Timestamp:   u.Timestamp.UnixMilli(),
			Dimension:   string(u.Dimension),
			Customer:    string(u.Customer),
			Account:     string(u.Account),
			License:     string(u.License),
			Quantity:    u.Quantity,
			Allocations: metering.AppendCanonical(nil, u.Allocations),
		}
		if metered != nil {
			r.Status = string(metered[i].Status)
		}
		w.entry.Records = append(w.entry.Records, r)
	}
}

// factSays reports whether audit.Record.Fill would make the record, as it was
// sent, of its fact and Customer. It does not where a profile of earlier times
// left something of it unread.
func factSays(u *metering.Usage, m *marketplace.Metered) bool {
	if m.Status != "" || !m.OnLicense && u.License != "" {
		return false
	}
	if u.Customer != "" {
		return u.Account == ""
	}
	return u.Account == m.License.Holder
}

// tell makes a fact of every record that has no verdict yet. M0134: the others
// leave nothing behind. M0105: facts are decided in the list's order.
func (w *work) tell(b metering.Batch) {
	for i := range b.Usages {
		u, m := &b.Usages[i], &w.metered[i]
		if m.Status != "" {
			continue
		}
		kind := store.UsageByProduct
		if m.OnLicense {
			kind = store.UsageByLicense
		}
		w.request.Facts = append(w.request.Facts, store.Fact{
			Key:       store.Key{Kind: kind, Hour: store.Hour(metering.HourOf(u.Timestamp))},
			Quantity:  u.Quantity,
			Detail:    metering.AppendCanonical(nil, u.Allocations),
			Timestamp: u.Timestamp.UnixMilli(),
		})
	}
}

// nameBatch gives the keys of a batch's facts the ids of their names, and reports
// whether the trail has all of them. All records of a batch are of one product,
// and so of one scope.
func (l *Ledger) nameBatch(ctx context.Context, call Call, b metering.Batch, w *work) (said bool, err error) {
	if len(w.request.Facts) == 0 {
		return true, nil
	}
	var id [1]store.NameID
	name := scope(call.Market, w.metered[0].Product.Seller, call.Region)
	if err := l.store.Intern(ctx, []string{name}, id[:]); err != nil {
		return false, fmt.Errorf("naming records: %w", err)
	}
	if _, said := call.drawn.said.Load(id[0]); said && w.nameFacts(call.drawn.names, id[0]) {
		return true, nil
	}
	return false, l.askNames(ctx, id[0], b, w)
}

// subjectOf is the number of the name that a record is metered on.
func subjectOf(m *marketplace.Metered) marketplace.Number {
	if m.OnLicense {
		return m.License.Number
	}
	return m.Product.Number
}

// nameFacts reports whether it knew all names.
func (w *work) nameFacts(names nameIDs, scope store.NameID) bool {
	facts := w.request.Facts
	for i := range w.metered {
		m := &w.metered[i]
		if m.Status != "" {
			continue
		}
		k := &facts[0].Key
		facts = facts[1:]
		k.Scope = scope
		k.Subject = names.of(subjectOf(m))
		k.Party = names.of(m.License.HolderNumber)
		k.Dimension = names.of(m.Dimension)
		if k.Subject == 0 || k.Party == 0 || k.Dimension == 0 {
			return false
		}
	}
	return true
}

// askNames asks the store for the names in the keys of a batch's facts.
func (l *Ledger) askNames(ctx context.Context, scope store.NameID, b metering.Batch, w *work) error {
	var texts []string
	for i := range w.metered {
		m := &w.metered[i]
		if m.Status != "" {
			continue
		}
		subject := string(m.Product.Code)
		if m.OnLicense {
			subject = string(m.License.LicenseArn)
		}
		texts = append(texts, subject, string(m.License.Holder), string(b.Usages[i].Dimension))
	}
	ids := make([]store.NameID, len(texts))
	if err := l.store.Intern(ctx, texts, ids); err != nil {
		return fmt.Errorf("naming records: %w", err)
	}
	for i := range w.request.Facts {
		k := &w.request.Facts[i].Key
		k.Scope, k.Subject, k.Party, k.Dimension = scope, ids[3*i], ids[3*i+1], ids[3*i+2]
	}
	return nil
}

// learnNames keeps the ids of a batch's names. It is for names that the trail
// has: what is known is not said again.
func (w *work) learnNames(names nameIDs) {
	facts := w.request.Facts
	for i := range w.metered {
		m := &w.metered[i]
		if m.Status != "" {
			continue
		}
		k := facts[0].Key
		facts = facts[1:]
		names.learn(subjectOf(m), k.Subject)
		names.learn(m.License.HolderNumber, k.Party)
		names.learn(m.Dimension, k.Dimension)
	}
}
