// Package ceiling is the most that a metering service on this machine could
// do: it takes BatchMeterUsage off the wire, verifies its signature, and answers
// with canned verdicts. What the real service does beyond that is rules, memory
// and disk; the ratio of the two is what those cost.
//
// It uses the rooms that the service uses for the wire and for signatures, so
// that the two differ in nothing else. It remembers nothing and may not be used
// for anything but measuring.
package ceiling

import (
	"bytes"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/meterd/meterd/api"
	"github.com/meterd/meterd/bench"
	"github.com/meterd/meterd/internal/auth"
	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/wire"
)

// The ids of all answers and of all records.
const (
	requestID = "00000000-0000-4000-8000-000000000001"
	recordID  = "00000000-0000-4000-8000-000000000002"
)

// Ceiling is the http.Handler.
type Ceiling struct {
	market *marketplace.Market
	now    func() time.Time
	auth   auth.Authenticator
	// buffers are those of requests that are over.
	buffers sync.Pool
}

// buffers are used for one request after the other.
type buffers struct {
	in      bytes.Buffer
	results []api.UsageRecordResult
	out     []byte
}

// New makes a ceiling that knows the credentials of a marketplace.
func New(market *marketplace.Market, now func() time.Time) *Ceiling {
	return &Ceiling{
		market: market, now: now,
		auth:    auth.Authenticator{SigningName: api.SigningName},
		buffers: sync.Pool{New: func() any { return new(buffers) }},
	}
}

// ServeHTTP answers one request.
func (c *Ceiling) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b := c.buffers.Get().(*buffers)
	defer c.buffers.Put(b)
	// That a client hung up is nothing to do anything about.
	_ = c.answer(b, r).Send(w, requestID)
}

func (c *Ceiling) answer(b *buffers, r *http.Request) *wire.Reply {
	dialect, reply := wire.DialectOf(r.Header, false)
	if reply != nil {
		return reply
	}
	b.in.Reset()
	if _, err := b.in.ReadFrom(http.MaxBytesReader(nil, r.Body, api.RequestBytesLimit)); err != nil {
		return refuse(api.SerializationException, err, dialect)
	}
	_, err := c.auth.Authenticate(auth.Request{HTTP: r, Body: b.in.Bytes(), At: c.now()}, c.market)
	if err != nil {
		return refuse(api.AccessDeniedException, err, dialect)
	}
	body := b.in.String()
	operation, unknown := wire.OperationOf(r.Header, r.URL.RawQuery, body, dialect)
	if unknown == nil && operation != api.BatchMeterUsage {
		return refuse(api.UnknownOperationException, errors.New("the ceiling knows BatchMeterUsage only"), dialect)
	}
	if unknown != nil {
		return wire.ErrorReply(unknown, dialect)
	}
	request, malformed := wire.DecodeBatchMeterUsage(body, dialect)
	if malformed != nil {
		return wire.ErrorReply(malformed, dialect)
	}
	b.judge(request)
	b.out = wire.AppendBatchMeterUsage(b.out[:0], &api.BatchMeterUsageResult{Results: b.results}, dialect)
	return &wire.Reply{Status: http.StatusOK, ContentType: dialect.ContentType(), Body: b.out}
}

// judge gives every record its canned verdict. The generator's contradictions
// can be told by their quantity.
func (b *buffers) judge(request *api.BatchMeterUsageRequest) {
	b.results = b.results[:0]
	for _, record := range request.UsageRecords {
		result := api.UsageRecordResult{UsageRecord: record, Status: api.Success, MeteringRecordId: recordID}
		if record.Quantity != nil && *record.Quantity == bench.ConflictQuantity {
			result.Status, result.MeteringRecordId = api.DuplicateRecord, ""
		}
		b.results = append(b.results, result)
	}
}

func refuse(name api.ExceptionName, err error, d wire.Dialect) *wire.Reply {
	return wire.ErrorReply(&api.Error{Name: name, Message: err.Error(), Status: http.StatusBadRequest}, d)
}
