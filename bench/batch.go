package bench

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"
)

// The mix of a batch, in records of a hundred. All others are new.
const (
	retriesPercent   = 5
	conflictsPercent = 1
)

// batchLoad tells records with BatchMeterUsage, each batch of one product, the
// products in turn. It owns every so many-th number of each product's space.
type batchLoad struct {
	*plan
	envelope
	worker, workers uint64
	random          *rand.Rand

	signers []*signer
	turn    int
	// made counts the records that were new, by product.
	made []uint64
	// told are records that may be told again, by product.
	told [][]expectation

	body     []byte
	expected []expectation
}

func newBatchLoad(p *plan, worker int) *batchLoad {
	l := &batchLoad{
		plan:     p,
		envelope: envelope{host: p.host, operation: p.Operation},
		worker:   uint64(worker), workers: uint64(p.Connections),
		random: rand.New(rand.NewPCG(p.Seed, uint64(worker))),
		turn:   worker,
		made:   make([]uint64, len(p.products)),
		told:   make([][]expectation, len(p.products)),
	}
	for _, product := range p.products {
		l.signers = append(l.signers, newSigner(product.key))
	}
	return l
}

func (l *batchLoad) next(now time.Time) []byte {
	l.turn++
	at := l.turn % len(l.products)
	product := &l.products[at]
	l.expected = l.expected[:0]
	b := append(l.body[:0], product.begin...)
	for range l.Records {
		e, ok := l.pick(at)
		if !ok {
			return nil
		}
		l.expected = append(l.expected, e)
		b = l.appendRecord(b, product, e)
		b = append(b, ',')
	}
	b[len(b)-1] = ']'
	l.body = append(b, '}')
	return l.wrap(l.signers[at], l.stamps.at(now), l.body)
}

// pick chooses a record of a product, or says that there is no new one left.
func (l *batchLoad) pick(at int) (expectation, bool) {
	roll := l.random.Uint32N(100)
	if told := l.told[at]; roll < retriesPercent+conflictsPercent && len(told) > 0 {
		e := told[l.random.Uint32N(uint32(len(told)))]
		e.kind = retry
		if roll < conflictsPercent {
			e.kind = conflict
		}
		return e, true
	}
	number := l.made[at]*l.workers + l.worker
	l.made[at]++
	return expectation{number: number}, number < l.products[at].size
}

func (l *batchLoad) appendRecord(b []byte, p *product, e expectation) []byte {
	u := p.at(e.number)
	if e.kind == conflict {
		u.quantity = ConflictQuantity
	}
	b = append(b, p.buyers[u.buyer]...)
	b = append(b, l.dimensions[u.dimension]...)
	b = append(b, p.ends[u.buyer]...)
	b = strconv.AppendInt(b, u.quantity, 10)
	b = append(b, `,"Timestamp":`...)
	b = strconv.AppendInt(b, u.timestamp, 10)
	return append(b, '}')
}

func (l *batchLoad) judge(body []byte) (v Verdicts, trouble error) {
	keep := l.turn % len(l.expected)
	rest := bytes.TrimPrefix(body, resultsBegin)
	for i := range l.expected {
		e := &l.expected[i]
		id, behind, err := e.judge(rest)
		if err != nil {
			v.Unexpected++
			trouble = fmt.Errorf("%w in %.*q", err, shownBytesMax, body)
		} else {
			v.count(e.kind)
		}
		if i == keep && e.kind == fresh && err == nil {
			l.remember(expectation{number: e.number, id: id})
		}
		rest = behind
	}
	if trouble == nil && !bytes.Equal(rest, resultsEnd) {
		trouble = fmt.Errorf("there are more results, or records left unprocessed, in %.*q", shownBytesMax, body)
	}
	return v, trouble
}

// remember keeps a record to be told again, in the place of one that was kept
// for long.
func (l *batchLoad) remember(e expectation) {
	at := l.turn % len(l.products)
	if told := l.told[at]; len(told) == toldMax {
		told[l.turn/len(l.products)%toldMax] = e
		return
	}
	l.told[at] = append(l.told[at], e)
}
