package audit

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// formatVersion leads every encoded entry; another layout takes another one.
// 1 was of no release.
const formatVersion = 2

// The parameters that an entry has.
const (
	noParameters byte = iota
	batchParameters
	meterParameters
	registerParameters
	resolveParameters
)

// Append appends the entry's encoding:
//
//	version     u8     2
//	parameters  u8     which of those below follow at the end
//	operation, region, request id, source IP, user agent, the caller's account,
//	ARN, access key and platform, refused, message    texts
//	names       uvarint, and of each its id uvarint and its text
//
//	batch:      product code text, records uvarint, and of each record
//	  brief     u8 1, customer text
//	  other     u8 0, timestamp varint, dimension, customer, account and license
//	            texts, quantity varint, allocations sized, status text
//	meter:      product code text, timestamp varint, dimension text, quantity
//	            varint, allocations sized, dry run u8, client token text
//	register:   product code text, version varint, nonce text
//	resolve:    product code, customer, account and license texts
//
// A text is sized: its length as a uvarint, and its bytes.
func (e *Entry) Append(dst []byte) []byte {
	dst = append(dst, formatVersion, e.parameters())
	for _, s := range [...]string{
		e.Operation, e.Region, e.RequestID, e.SourceIP, e.UserAgent,
		e.Caller.Account, e.Caller.ARN, e.Caller.AccessKeyID, e.Caller.Platform,
		e.Refused, e.Message,
	} {
		dst = appendText(dst, s)
	}
	dst = binary.AppendUvarint(dst, uint64(len(e.Names)))
	for _, n := range e.Names {
		dst = appendText(binary.AppendUvarint(dst, uint64(n.ID)), n.Text)
	}
	switch {
	case e.Batch != nil:
		dst = e.Batch.append(dst)
	case e.Meter != nil:
		dst = e.Meter.append(dst)
	case e.Register != nil:
		dst = appendText(dst, e.Register.ProductCode)
		dst = binary.AppendVarint(dst, e.Register.PublicKeyVersion)
		dst = appendText(dst, e.Register.Nonce)
	case e.Resolve != nil:
		for _, s := range [...]string{e.Resolve.ProductCode, e.Resolve.Customer, e.Resolve.Account, e.Resolve.License} {
			dst = appendText(dst, s)
		}
	}
	return dst
}

func (e *Entry) parameters() byte {
	switch {
	case e.Batch != nil:
		return batchParameters
	case e.Meter != nil:
		return meterParameters
	case e.Register != nil:
		return registerParameters
	case e.Resolve != nil:
		return resolveParameters
	}
	return noParameters
}

func (b *Batch) append(dst []byte) []byte {
	dst = appendText(dst, b.ProductCode)
	dst = binary.AppendUvarint(dst, uint64(len(b.Records)))
	for i := range b.Records {
		r := &b.Records[i]
		dst = appendFlag(dst, r.Brief)
		if r.Brief {
			dst = appendText(dst, r.Customer)
			continue
		}
		dst = binary.AppendVarint(dst, r.Timestamp)
		for _, s := range [...]string{r.Dimension, r.Customer, r.Account, r.License} {
			dst = appendText(dst, s)
		}
		dst = binary.AppendVarint(dst, r.Quantity)
		dst = appendText(dst, r.Allocations)
		dst = appendText(dst, r.Status)
	}
	return dst
}

func (m *Meter) append(dst []byte) []byte {
	dst = appendText(dst, m.ProductCode)
	dst = binary.AppendVarint(dst, m.Timestamp)
	dst = appendText(dst, m.Dimension)
	dst = binary.AppendVarint(dst, m.Quantity)
	dst = appendText(dst, m.Allocations)
	dst = appendFlag(dst, m.DryRun)
	return appendText(dst, m.ClientToken)
}

func appendText[T string | []byte](dst []byte, s T) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

func appendFlag(dst []byte, set bool) []byte {
	if set {
		return append(dst, 1)
	}
	return append(dst, 0)
}

var errDamaged = errors.New("damaged audit entry")

// Parse reads what Append wrote. All else is refused, so that no two different
// encodings read as the same entry.
func Parse(b []byte) (*Entry, error) {
	if len(b) == 0 || b[0] != formatVersion {
		return nil, fmt.Errorf("audit entry of %d bytes has an unknown format", len(b))
	}
	p := parser{rest: b[1:]}
	e := p.entry()
	if p.failed || !bytes.Equal(e.Append(nil), b) {
		return nil, errDamaged
	}
	return e, nil
}
