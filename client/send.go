package client

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/google/uuid"

	"github.com/meterd/meterd/api"
)

// call is one call of an operation, with all its attempts.
type call struct {
	operation api.Operation
	// body is the same in every attempt, byte for byte: that is what makes a
	// retry the same record.
	body []byte
	// invocation tells the attempts of one call from two calls.
	invocation string
	// pace slows the attempts down; nil: it does not.
	pace *pace

	// tries counts the attempts, sent those that got as far as the network.
	tries, sent int
	// unknown says that an attempt may have been carried out without an answer.
	unknown bool
	// settle tells the retryer's budget how the attempt went that it paid for.
	settle func(error) error
}

// send makes a call until there is an answer that decode understands, or a
// failure that is not tried again.
func send[T any](ctx context.Context, c *Client, x *call, decode func([]byte) (*T, error)) (*T, error) {
	x.invocation = uuid.NewString()
	for {
		result, failure := attempt(ctx, c, x, decode)
		if failure == nil {
			return result, nil
		}
		if !c.waitToRetry(ctx, x, failure) {
			failure.Attempts, failure.OutcomeUnknown = x.sent, x.unknown
			return nil, failure
		}
	}
}

// attempt makes one attempt, at the call's pace.
func attempt[T any](ctx context.Context, c *Client, x *call, decode func([]byte) (*T, error)) (*T, *Error) {
	x.tries++
	if err := x.pace.wait(ctx); err != nil {
		return nil, x.failed(err)
	}
	release, err := attemptToken(ctx, c.retryer)
	if err != nil {
		return nil, x.failed(fmt.Errorf("waiting for the retryer: %w", err))
	}
	result, failure := exchange(ctx, c, x, decode)
	x.pace.note(failure)
	var outcome error // not failure itself: a nil *Error is an error
	if failure != nil {
		outcome = failure
	}
	// Releasing is bookkeeping; there is nothing to do when it fails.
	_ = release(outcome)
	if x.settle != nil {
		_ = x.settle(outcome)
		x.settle = nil
	}
	return result, failure
}

// exchange sends one request and reads the answer.
func exchange[T any](ctx context.Context, c *Client, x *call, decode func([]byte) (*T, error)) (*T, *Error) {
	response, body, failure := c.roundTrip(ctx, x)
	if failure != nil {
		return nil, failure
	}
	if response.StatusCode != http.StatusOK {
		x.unknown = x.unknown || response.StatusCode >= http.StatusInternalServerError
		failure := readError(response, body)
		failure.Operation = x.operation
		return nil, failure
	}
	result, err := decode(body)
	if err != nil {
		// What was asked for is done, or something else has answered.
		x.unknown = true
		failure := x.failed(&unreadableError{response.Header.Get("Content-Type"), err})
		failure.Status, failure.RequestID = response.StatusCode, requestID(response.Header)
		return nil, failure
	}
	return result, nil
}

// roundTrip sends one request and returns the answer with its whole body.
func (c *Client) roundTrip(ctx context.Context, x *call) (*http.Response, []byte, *Error) {
	ctx, cancel := context.WithTimeout(ctx, c.attemptTimeout)
	defer cancel()
	request, err := c.request(ctx, x)
	if err != nil {
		return nil, nil, x.failed(err)
	}
	x.sent++
	at := c.clock.now()
	response, err := c.http.Do(request)
	if err != nil {
		x.unknown = x.unknown || mayHaveArrived(err)
		return nil, nil, x.failed(&connectionError{err})
	}
	defer response.Body.Close()
	c.clock.read(response.Header, at)
	body, err := io.ReadAll(io.LimitReader(response.Body, answerBytesMax))
	if err != nil {
		x.unknown = true
		return nil, nil, x.failed(&connectionError{err})
	}
	return response, body, nil
}

func (x *call) failed(err error) *Error { return &Error{Operation: x.operation, Err: err} }

// mayHaveArrived reports whether the service may have got the request. Only
// where no connection came about it surely has not.
func mayHaveArrived(err error) bool {
	if dial, ok := errors.AsType[*net.OpError](err); ok && dial.Op == "dial" {
		return false
	}
	_, lookup := errors.AsType[*net.DNSError](err)
	return !lookup
}

// request makes the request of one attempt; each is signed anew.
func (c *Client) request(ctx context.Context, x *call) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url.String(), bytes.NewReader(x.body))
	if err != nil {
		return nil, fmt.Errorf("making request: %w", err)
	}
	r.Header.Set("Content-Type", c.dialect.contentType())
	r.Header.Set("X-Amz-Target", api.TargetPrefix+"."+string(x.operation))
	r.Header.Set("Amz-Sdk-Invocation-Id", x.invocation)
	r.Header.Set("User-Agent", "meterd-client ("+runtime.Version()+")")
	if c.apiKey != "" {
		r.Header.Set("Authorization", c.apiKey)
		return r, nil
	}
	return r, c.sign(ctx, r, x.body)
}

func (c *Client) sign(ctx context.Context, r *http.Request, body []byte) error {
	if c.credentials == nil {
		return &credentialsError{errors.New("there are none")}
	}
	credentials, err := c.credentials.Retrieve(ctx)
	if err != nil {
		return &credentialsError{err}
	}
	digest := sha256.Sum256(body)
	err = v4.NewSigner().SignHTTP(ctx, credentials, r, hex.EncodeToString(digest[:]), api.SigningName, c.region, c.clock.signingTime())
	if err != nil {
		return fmt.Errorf("signing request: %w", err)
	}
	return nil
}

// sleep waits, or returns why it did not.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
