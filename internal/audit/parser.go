package audit

import "encoding/binary"

// parser takes an encoded entry apart. After a failure everything it gives is
// zero.
type parser struct {
	rest   []byte
	failed bool
}

func (p *parser) entry() *Entry {
	parameters := p.byte()
	e := &Entry{
		Operation: p.text(), Region: p.text(), RequestID: p.text(), SourceIP: p.text(), UserAgent: p.text(),
		Caller:  Caller{Account: p.text(), ARN: p.text(), AccessKeyID: p.text(), Platform: p.text()},
		Refused: p.text(), Message: p.text(),
	}
	for n := p.uvarint(); n > 0 && !p.failed; n-- {
		e.Names = append(e.Names, Name{uint32(p.uvarint()), p.text()})
	}
	switch parameters {
	case batchParameters:
		e.Batch = p.batch()
	case meterParameters:
		e.Meter = &Meter{
			ProductCode: p.text(), Timestamp: p.varint(), Dimension: p.text(), Quantity: p.varint(),
			Allocations: p.sized(), DryRun: p.byte() != 0, ClientToken: p.text(),
		}
	case registerParameters:
		e.Register = &Register{ProductCode: p.text(), PublicKeyVersion: p.varint(), Nonce: p.text()}
	case resolveParameters:
		e.Resolve = &Resolve{ProductCode: p.text(), Customer: p.text(), Account: p.text(), License: p.text()}
	}
	return e
}

func (p *parser) batch() *Batch {
	b := &Batch{ProductCode: p.text()}
	for n := p.uvarint(); n > 0 && !p.failed; n-- {
		b.Records = append(b.Records, p.record())
	}
	return b
}

func (p *parser) record() Record {
	if p.byte() != 0 {
		return Record{Brief: true, Customer: p.text()}
	}
	return Record{
		Timestamp: p.varint(), Dimension: p.text(), Customer: p.text(), Account: p.text(), License: p.text(),
		Quantity: p.varint(), Allocations: p.sized(), Status: p.text(),
	}
}

func (p *parser) byte() byte {
	if b := p.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

func (p *parser) uvarint() uint64 {
	v, n := binary.Uvarint(p.rest)
	p.skip(n)
	return v
}

func (p *parser) varint() int64 {
	v, n := binary.Varint(p.rest)
	p.skip(n)
	return v
}

func (p *parser) text() string { return string(p.bytes(p.uvarint())) }

// sized is nil for what is empty.
func (p *parser) sized() []byte {
	if b := p.bytes(p.uvarint()); len(b) > 0 {
		return append([]byte(nil), b...)
	}
	return nil
}

func (p *parser) bytes(n uint64) []byte {
	if p.failed || n > uint64(len(p.rest)) {
		p.failed, p.rest = true, nil
		return nil
	}
	b := p.rest[:n]
	p.rest = p.rest[n:]
	return b
}

// skip goes on behind a varint of n bytes; there is none if n <= 0.
func (p *parser) skip(n int) {
	p.failed = p.failed || n <= 0
	p.bytes(uint64(max(n, 0)))
}
