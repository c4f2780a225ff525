package sellertest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"
)

// fault is what happens to a call on its way.
type fault int

const (
	nothing fault = iota
	// throttled, failed and unavailable are the service's words, said by
	// somebody in front of it.
	throttled
	failed
	unavailable
	// slow takes a while.
	slow
	// cutBefore loses the call, cutAfter the answer to it.
	cutBefore
	cutAfter
	// twice delivers the call two times in a row, again once more at some later
	// time.
	twice
	again
	faults
)

func (f fault) String() string {
	return [...]string{"nothing", "throttled", "failed", "unavailable", "slow", "cut before", "cut after", "twice", "again later"}[f]
}

// network is the way from the agent to the service. It also watches that what
// is sent again is what was sent before, byte for byte.
type network struct {
	to http.RoundTripper

	mu  sync.Mutex
	rng *rand.Rand
	// percent of the calls meet a fault; next, if not nothing, is that of the
	// next call; while the network is down none arrives.
	percent int
	next    fault
	down    bool
	// late are calls to be delivered again.
	late []*http.Request
	// sent is what was sent of each record.
	sent     map[string]string
	problems []string
	// met counts the faults.
	met map[fault]int
}

func newNetwork(to http.RoundTripper, rng *rand.Rand) *network {
	return &network{to: to, rng: rng, sent: map[string]string{}, met: map[fault]int{}}
}

// setFaults makes a percentage of the calls meet a fault.
func (n *network) setFaults(percent int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.percent = percent
}

// strike makes the next call meet a fault.
func (n *network) strike(f fault) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.next = f
}

// setDown makes all calls get lost.
func (n *network) setDown(down bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.down = down
}

// slowMax is the longest that a slow call takes.
const slowMax = 300 * time.Millisecond

// draw chooses the fault of a call.
func (n *network) draw() (fault, time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	f := n.next
	switch n.next = nothing; {
	case f != nothing:
	case n.down:
		f = cutBefore
	case n.rng.IntN(100) < n.percent:
		f = 1 + fault(n.rng.IntN(int(faults)-1))
	}
	n.met[f]++
	return f, time.Duration(n.rng.Int64N(int64(slowMax)))
}

var errCut = errors.New("the connection was cut")

// RoundTrip carries a call. What asks for the clock passes.
func (n *network) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodPost {
		return n.to.RoundTrip(r)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body.Close()
	n.watch(body)
	deliver := func() (*http.Response, error) {
		// A call that is on its way arrives, whatever becomes of the caller.
		copied := r.Clone(context.WithoutCancel(r.Context()))
		copied.Body = io.NopCloser(bytes.NewReader(body))
		return n.to.RoundTrip(copied)
	}
	f, pause := n.draw()
	switch f {
	case throttled:
		return answer(r, http.StatusBadRequest, "ThrottlingException"), nil
	case failed:
		return answer(r, http.StatusInternalServerError, "InternalServiceErrorException"), nil
	case unavailable:
		return answer(r, http.StatusServiceUnavailable, "ServiceUnavailableException"), nil
	case cutBefore:
		return nil, errCut
	case cutAfter:
		discard(deliver())
		return nil, errCut
	case slow:
		time.Sleep(pause)
	case twice:
		discard(deliver())
	case again:
		copied := r.Clone(context.WithoutCancel(r.Context()))
		copied.Body = io.NopCloser(bytes.NewReader(body))
		n.mu.Lock()
		n.late = append(n.late, copied)
		n.mu.Unlock()
	}
	return deliver()
}

// deliverLate delivers what was held back.
func (n *network) deliverLate() {
	n.mu.Lock()
	late := n.late
	n.late = nil
	n.mu.Unlock()
	for _, r := range late {
		discard(n.to.RoundTrip(r))
	}
}

func discard(response *http.Response, err error) {
	if err == nil {
		io.Copy(io.Discard, response.Body)
		response.Body.Close()
	}
}

// answer says what the service would.
func answer(r *http.Request, status int, exception string) *http.Response {
	body := fmt.Sprintf(`{"__type":%q,"message":"said by the network"}`, exception)
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:  http.Header{"Content-Type": {"application/x-amz-json-1.1"}, "X-Amzn-Errortype": {exception}},
		Body:    io.NopCloser(strings.NewReader(body)),
		Request: r, ContentLength: int64(len(body)),
	}
}

// watch compares the records of a call with what was sent of them before.
func (n *network) watch(body []byte) {
	var batch struct {
		ProductCode  string
		UsageRecords []json.RawMessage
	}
	if json.Unmarshal(body, &batch) != nil {
		return // The client asks for the time.
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, raw := range batch.UsageRecords {
		var record struct {
			Timestamp                                                       float64
			CustomerIdentifier, CustomerAWSAccountId, LicenseArn, Dimension string
		}
		if err := json.Unmarshal(raw, &record); err != nil {
			n.problems = append(n.problems, fmt.Sprintf("a record reads %s: %v", raw, err))
			continue
		}
		hour := int64(record.Timestamp) / 3600
		name := fmt.Sprint(batch.ProductCode, " ", record.CustomerIdentifier, record.CustomerAWSAccountId, record.LicenseArn, " ", record.Dimension, " ", hour)
		if before, ok := n.sent[name]; ok && before != string(raw) {
			n.problems = append(n.problems, fmt.Sprintf("a record was sent as %s and then as %s", before, raw))
		}
		n.sent[name] = string(raw)
	}
}

// calls is how many calls have been made.
func (n *network) calls() (sum int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, count := range n.met {
		sum += count
	}
	return sum
}

// report takes what was seen so far.
func (n *network) report() (problems []string, met map[fault]int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.problems, maps.Clone(n.met)
}
