package client

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/meterd/meterd/api"
)

// waitToRetry reports whether the call is to be tried again, after the pause
// that this takes.
func (c *Client) waitToRetry(ctx context.Context, x *call, failure *Error) bool {
	if ctx.Err() != nil || failure.RetryAfter > retryAfterMax || !c.moreTries(x.tries) {
		return false
	}
	repaired := c.clock.repair(failure)
	if !repaired && !c.retryer.IsErrorRetryable(failure) {
		return false
	}
	settle, err := c.retryer.GetRetryToken(ctx, failure)
	if err != nil {
		return false // so many calls fail that more would only do harm
	}
	x.settle = settle
	pause, err := c.retryer.RetryDelay(x.tries, failure)
	if err != nil {
		return false
	}
	return sleep(ctx, max(pause, failure.RetryAfter)) == nil
}

// moreTries reports whether there may be another try; a retryer without a
// maximum has 0.
func (c *Client) moreTries(made int) bool {
	highest := c.retryer.MaxAttempts()
	return highest == 0 || made < highest
}

// attemptToken asks the retryer for leave, in the newer of its two forms if it
// has that.
func attemptToken(ctx context.Context, r aws.Retryer) (release func(error) error, err error) {
	if newer, ok := r.(aws.RetryerV2); ok {
		return newer.GetAttemptToken(ctx)
	}
	return r.GetInitialToken(), nil
}

// retryAfter reads how long the service asks to wait: AWS's own header counts
// milliseconds, the other one seconds or names a time.
func retryAfter(h http.Header) time.Duration {
	if ms, err := strconv.ParseInt(h.Get("X-Amz-Retry-After"), 10, 32); err == nil {
		return max(0, time.Duration(ms)*time.Millisecond)
	}
	text := h.Get("Retry-After")
	if seconds, err := strconv.ParseInt(text, 10, 32); err == nil {
		return max(0, time.Duration(seconds)*time.Second)
	}
	until, err := http.ParseTime(text)
	date, dateErr := http.ParseTime(h.Get("Date"))
	if err != nil || dateErr != nil {
		return 0
	}
	return max(0, until.Sub(date))
}

// skewNames are the refusals that a wrong clock may cause.
var skewNames = map[api.ExceptionName]bool{
	api.InvalidSignatureException: true,
	api.AccessDeniedException:     true,
	"RequestTimeTooSkewed":        true,
	"SignatureDoesNotMatch":       true,
	"AuthFailure":                 true,
	"RequestExpired":              true,
}
