package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/meterd/meterd/internal/ledger"
	"github.com/meterd/meterd/internal/store"
)

// retainEvery is how often old records are looked for. They leave in whole hours.
const retainEvery = time.Hour

// parseAge reads a time in days, as 400d, or as time.ParseDuration does.
func parseAge(text string) (time.Duration, error) {
	const day = 24 * time.Hour
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 32)
		if err != nil || time.Duration(n) > (1<<63-1)/day {
			return 0, fmt.Errorf("%q is not a number of days such as 400d", text)
		}
		return time.Duration(n) * day, nil
	}
	age, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("%q is not a time such as 400d or 9600h", text)
	}
	return age, nil
}

// parseRetain reads the value of --retain; 0 is for ever.
func parseRetain(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	keep, err := parseAge(text)
	if err == nil && keep < ledger.RetainMin {
		err = fmt.Errorf("%s is too short: records are kept for %d days at least, so that no month is cut that may still be open", text, ledger.RetainMin/(24*time.Hour))
	}
	return keep, err
}

// startRetaining drops old records in the background, if any are to be dropped,
// until the function that it returns is called.
func (s *service) startRetaining(ctx context.Context, keep time.Duration) (stop func()) {
	if keep == 0 {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	var retaining sync.WaitGroup
	retaining.Go(func() { s.retain(ctx, keep) })
	return func() {
		cancel()
		retaining.Wait()
	}
}

// retain drops old records now and from time to time, until ctx is over.
func (s *service) retain(ctx context.Context, keep time.Duration) {
	ticks := time.NewTicker(retainEvery)
	defer ticks.Stop()
	for {
		s.retainOnce(ctx, keep)
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
	}
}

func (s *service) retainOnce(ctx context.Context, keep time.Duration) {
	started := time.Now()
	dropped, err := s.ledger.Retain(ctx, keep, started)
	switch {
	case errors.Is(err, context.Canceled):
	case errors.Is(err, store.ErrVersion):
		s.logger.Info("another replica drops old records")
	case err != nil:
		s.logger.Error("old records could not be dropped; it is tried again", "err", err, "in", retainEvery)
	case dropped.Records+dropped.Calls > 0:
		s.logger.Info("old records were dropped", "records", dropped.Records, "calls", dropped.Calls, "took", time.Since(started))
	}
}
