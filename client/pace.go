package client

import (
	"context"
	"sync"

	"golang.org/x/time/rate"

	"github.com/meterd/meterd/api"
)

// paceGrowth is how much faster the next call may come after one that passed.
const paceGrowth = 1.1

// pace keeps calls under a rate that gives way to throttling: it halves when
// the service complains and grows back with each call that passes.
type pace struct {
	limiter *rate.Limiter
	mu      sync.Mutex
	highest rate.Limit
}

func newPace(highest rate.Limit) *pace {
	if highest == 0 {
		highest = batchCallsPerSecond
	}
	return &pace{limiter: rate.NewLimiter(highest, 1), highest: highest}
}

// wait waits for the next call's turn. A nil pace has no turns.
func (p *pace) wait(ctx context.Context) error {
	if p == nil {
		return ctx.Err()
	}
	err := p.limiter.Wait(ctx)
	if err != nil {
		<-ctx.Done() // the limiter says beforehand when a turn would come too late
		return ctx.Err()
	}
	return nil
}

// note learns from how a call ended.
func (p *pace) note(failure *Error) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.limiter.Limit()
	switch {
	case failure == nil && now < p.highest:
		p.limiter.SetLimit(min(p.highest, now*paceGrowth))
	case failure != nil && Is(failure, api.ThrottlingException) && now == rate.Inf:
		p.limiter.SetLimit(batchCallsPerSecond)
	case failure != nil && Is(failure, api.ThrottlingException):
		p.limiter.SetLimit(max(batchCallsPerSecondMin, now/2))
	}
}
