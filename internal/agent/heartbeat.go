package agent

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/meterd/meterd/internal/intake"
	"github.com/meterd/meterd/internal/metering"
	"github.com/meterd/meterd/internal/outbox"
	"github.com/meterd/meterd/internal/plan"
)

// beat tells the plan's heartbeats, once in each hour that the agent runs. Their
// ids are made of the hour, so that a second time changes nothing.
func (a *Agent) beat(ctx context.Context, now time.Time) error {
	hour := outbox.HourOf(now)
	if a.turns.beaten == hour {
		return nil
	}
	var told []intake.Event
	for _, product := range a.plan.Products {
		for _, h := range product.Heartbeats {
			told = append(told, heartbeat(product.Code, h, hour, now))
		}
	}
	receipt := &Receipt{}
	if err := a.count(ctx, told, receipt, now); err != nil {
		return fmt.Errorf("telling heartbeats: %w", err)
	}
	for _, refusal := range receipt.Refusals {
		a.logger.Error("a heartbeat was refused", "reason", refusal.Reason, "detail", refusal.Detail)
	}
	a.turns.beaten = hour
	return nil
}

func heartbeat(product metering.ProductCode, h plan.Heartbeat, hour outbox.Hour, now time.Time) intake.Event {
	// A licence's ARN alone may be longer than an id.
	names := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %q", product, h.Customer, h.License, h.Dimension))
	return intake.Event{
		ID:      fmt.Sprintf("heartbeat-%d-%x", hour, names[:16]),
		Product: string(product), Customer: h.Customer, License: h.License, Dimension: h.Dimension,
		Quantity: h.Quantity, Time: now,
	}
}

// ensureZeros asks for a record of each hour that is over, for each customer and
// dimension that was metered before, where the plan says so: a marketplace may
// want to hear that there was no usage.
func (a *Agent) ensureZeros(ctx context.Context, now time.Time) error {
	hour := outbox.HourOf(now)
	if a.turns.zeroed == hour {
		return nil
	}
	wanted := map[outbox.Hour][]outbox.Key{}
	for _, product := range a.plan.Products {
		if !product.ZeroUsage {
			continue
		}
		for _, account := range a.outbox.Accounts(product.Code, outbox.Customer{}) {
			for h := firstZero(&account, hour); h < hour; h++ {
				wanted[h] = append(wanted[h], account.Key)
			}
		}
	}
	for h := hour - zeroHoursMax; h < hour; h++ {
		if _, err := a.outbox.EnsureZero(ctx, wanted[h], h, now); err != nil {
			return fmt.Errorf("telling zero usage: %w", err)
		}
	}
	a.turns.zeroed = hour
	return nil
}

// firstZero is the first hour after the last record, or after the first usage if
// there is none; now if nothing is to be told. A customer that was closed is told
// of again once it has usage.
func firstZero(a *outbox.Account, now outbox.Hour) outbox.Hour {
	first := a.Last + 1
	if a.Last == 0 {
		first = now
		if len(a.Open) > 0 {
			first = a.Open[0].Hour
		}
	}
	if !a.ClosedAt.IsZero() && len(a.Open) == 0 && a.Last <= outbox.HourOf(a.ClosedAt) {
		return now
	}
	return max(first, now-zeroHoursMax)
}
