package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/meterd/meterd/internal/audit"
	"github.com/meterd/meterd/internal/metering"
	"github.com/meterd/meterd/internal/store"
)

// userAgentBytesMax bounds what a client can make the trail remember.
const userAgentBytesMax = 512

// errFaulted is the fault of a call whose only fact met one.
var errFaulted = errors.New("the store could not decide the record")

func (c *Call) entry(operation string) *audit.Entry {
	agent := c.UserAgent
	if len(agent) > userAgentBytesMax {
		agent = agent[:userAgentBytesMax]
	}
	return &audit.Entry{
		Operation: operation,
		Region:    string(c.Region),
		RequestID: c.RequestID,
		SourceIP:  c.SourceIP,
		UserAgent: strings.ToValidUTF8(agent, "\uFFFD"),
		Caller: audit.Caller{
			Account:     string(c.Principal.Account),
			ARN:         c.Principal.ARN(),
			AccessKeyID: c.Principal.AccessKeyID,
			Platform:    string(c.Principal.Platform),
		},
	}
}

// record commits a call with its facts. Nothing is answered before it returns.
// It says the names in the facts' keys that the trail may not have yet.
func (l *Ledger) record(ctx context.Context, call Call, e *audit.Entry, r *store.Request) error {
	l.resetting.RLock()
	defer l.resetting.RUnlock()
	said := l.market.Load().said
	if err := l.say(ctx, said, e, r.Facts); err != nil {
		return fmt.Errorf("saying names: %w", err)
	}
	if err := l.write(ctx, call, e, r); err != nil {
		return err
	}
	for _, n := range e.Names {
		said.Store(store.NameID(n.ID), nil)
	}
	return nil
}

// say adds to an entry the names that this process has not said since it began,
// or the trail did. It cannot know what others have, and one that is said twice
// does no harm.
func (l *Ledger) say(ctx context.Context, said *sync.Map, e *audit.Entry, facts []store.Fact) error {
	for i := range facts {
		k := &facts[i].Key
		for _, id := range [...]store.NameID{k.Scope, k.Subject, k.Party, k.Dimension} {
			isIt := func(n audit.Name) bool { return n.ID == uint32(id) }
			if _, is := said.Load(id); is || id == 0 || slices.ContainsFunc(e.Names, isIt) {
				continue
			}
			name, ok, err := l.store.Name(ctx, id)
			if err == nil && !ok {
				err = fmt.Errorf("name %d: %w", id, store.ErrDamaged)
			}
			if err != nil {
				return err
			}
			e.Names = append(e.Names, audit.Name{ID: uint32(id), Text: name})
		}
	}
	return nil
}

// recordSaid is record for a call whose names the trail had when it was drawn.
func (l *Ledger) recordSaid(ctx context.Context, call Call, e *audit.Entry, r *store.Request) error {
	l.resetting.RLock()
	if l.market.Load().said != call.drawn.said {
		l.resetting.RUnlock()
		return l.record(ctx, call, e, r)
	}
	defer l.resetting.RUnlock()
	return l.write(ctx, call, e, r)
}

// write commits a call as its entry stands.
func (l *Ledger) write(ctx context.Context, call Call, e *audit.Entry, r *store.Request) error {
	r.At, r.Call = call.At.UnixMilli(), e.Append(r.Call[:0])
	return l.commit(ctx, r)
}

// refuse remembers that the rules refused a call and returns the refusal. A
// trail that cannot be written is a fault: no call goes unrecorded.
func (l *Ledger) refuse(ctx context.Context, call Call, e *audit.Entry, refusal *metering.Refusal) error {
	e.Refused, e.Message = string(refusal.Rule), refusal.Detail
	if err := l.record(ctx, call, e, &store.Request{}); err != nil {
		return err
	}
	return refusal
}

func (l *Ledger) refuseOrFail(ctx context.Context, call Call, e *audit.Entry, err error) error {
	var refusal *metering.Refusal
	if errors.As(err, &refusal) {
		return l.refuse(ctx, call, e, refusal)
	}
	return err
}

// Refused remembers a call that was refused before it came to the ledger: for
// want of a permission, say. name is the exception it was answered with.
func (l *Ledger) Refused(ctx context.Context, call Call, operation, name, message string) error {
	e := call.entry(operation)
	e.Refused, e.Message = name, message
	return l.record(ctx, call, e, &store.Request{})
}

// Entry reads what the trail has of a call, in full: what the facts of a batch
// say of its records is written only there.
func (l *Ledger) Entry(ctx context.Context, c store.Call) (*audit.Entry, error) {
	e, err := audit.Parse(c.Entry)
	if err != nil || e.Batch == nil {
		return e, err
	}
	facts := c.Facts
	for i := range e.Batch.Records {
		r := &e.Batch.Records[i]
		if e.Refused != "" || r.Status != "" {
			continue
		}
		if len(facts) == 0 {
			return nil, fmt.Errorf("record %d of call %d lacks its fact", i+1, c.ID)
		}
		if r.Brief {
			told, err := l.toldOf(ctx, facts[0])
			if err != nil {
				return nil, err
			}
			r.Fill(told)
		}
		facts = facts[1:]
	}
	return e, nil
}

func (l *Ledger) toldOf(ctx context.Context, f store.Fact) (audit.Told, error) {
	names, err := l.namesOf(ctx, f.Key)
	told := audit.Told{Timestamp: f.Timestamp, Quantity: f.Quantity, Account: names[2], Dimension: names[3], Allocations: f.Detail}
	if f.Key.Kind == store.UsageByLicense {
		told.License = names[1]
	}
	return told, err
}
