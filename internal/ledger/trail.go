package ledger

import (
	"context"
	"errors"
	"strings"

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
func (l *Ledger) record(ctx context.Context, call Call, e *audit.Entry, r *store.Request) error {
	entry, err := e.Append(nil)
	if err != nil {
		return err
	}
	r.At, r.Call = call.At.UnixMilli(), entry
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
