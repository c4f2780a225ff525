package client

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// A run that ends while it waits for another round says so with the way out.
func TestSubmitAllStoppedInAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		c := newClient(t, configOf(unprocessing(t, func(string, int) bool { return true })))
		verdicts, err := c.SubmitAll(ctx, new("saas"), named(1))
		failure, ok := errors.AsType[*Error](err)
		if !ok || !errors.Is(err, context.DeadlineExceeded) || failure.Explanation().Name != explainTimeout {
			t.Errorf("the error is %v", err)
		}
		if len(verdicts) != 1 || !errors.Is(verdicts[0].Err, context.DeadlineExceeded) {
			t.Errorf("the verdicts are %+v", verdicts)
		}
	})
}
