package bench

import (
	"bytes"
	"fmt"
	"strconv"
	"time"
)

// meterLoad tells records with MeterUsage, as the instances of a product that
// meters itself do. Each is new: to tell one again is an exception here.
type meterLoad struct {
	*plan
	envelope
	worker, workers uint64

	signers []*signer
	made    uint64
	body    []byte
}

func newMeterLoad(p *plan, worker int) *meterLoad {
	l := &meterLoad{
		plan:     p,
		envelope: envelope{host: p.host, operation: p.Operation},
		worker:   uint64(worker), workers: uint64(p.Connections),
	}
	for _, key := range p.instances.keys {
		l.signers = append(l.signers, newSigner(key))
	}
	return l
}

func (l *meterLoad) next(now time.Time) []byte {
	number := l.made*l.workers + l.worker
	l.made++
	if number >= l.instances.size {
		return nil
	}
	u := l.instances.at(number)
	b := append(l.body[:0], `{"DryRun":false,"ProductCode":"`+string(appliance)+`","Timestamp":`...)
	b = strconv.AppendInt(b, u.timestamp, 10)
	b = append(b, `,"UsageDimension":"`...)
	b = append(b, l.dimensions[u.dimension]...)
	b = append(b, `","UsageQuantity":`...)
	b = strconv.AppendInt(b, u.quantity, 10)
	l.body = append(b, '}')
	return l.wrap(l.signers[u.buyer], l.stamps.at(now), l.body)
}

func (l *meterLoad) judge(body []byte) (Verdicts, error) {
	if !bytes.Contains(body, idMember) {
		return Verdicts{Unexpected: 1}, fmt.Errorf("a record was accepted without an id in %.*q", shownBytesMax, body)
	}
	return Verdicts{Created: 1}, nil
}
