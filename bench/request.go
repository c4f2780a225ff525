package bench

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"

	"github.com/meterd/meterd/api"
)

// What every request says of itself: what the Go SDK says, so that a server
// has as much to read and to verify as from a real client.
const (
	userAgent     = "aws-sdk-go-v2/1.47.7 ua/2.1 os/linux lang/go#1.26.8 md/GOOS#linux md/GOARCH#amd64 api/marketplacemetering#1.40.0 m/E,g"
	invocation    = "290cf35a-fbbc-4f9c-891c-fac21ed8a379"
	attempt       = "attempt=1; max=3"
	contentType   = "application/x-amz-json-1.1"
	signedHeaders = "amz-sdk-invocation-id;amz-sdk-request;content-length;content-type;host;x-amz-date;x-amz-target"
)

// envelope puts signed HTTP requests around bodies.
type envelope struct {
	host      string
	operation api.Operation

	stamps    stamper
	canonical []byte
	request   []byte
}

// wrap returns the request that carries body. It lies in a buffer that the
// next one uses again.
func (e *envelope) wrap(s *signer, stamp string, body []byte) []byte {
	var signature [2 * sha256.Size]byte
	e.canonicalize(stamp, body)
	s.sign(signature[:0], stamp, e.canonical)
	r := append(e.request[:0], "POST / HTTP/1.1\r\nHost: "...)
	r = append(r, e.host...)
	r = append(r, "\r\nUser-Agent: "+userAgent+"\r\nContent-Length: "...)
	r = strconv.AppendInt(r, int64(len(body)), 10)
	r = append(r, "\r\nAmz-Sdk-Invocation-Id: "+invocation+"\r\nAmz-Sdk-Request: "+attempt+
		"\r\nAuthorization: "+algorithm+" Credential="...)
	r = append(r, s.accessKeyID...)
	r = append(r, '/')
	r = s.appendScope(r)
	r = append(r, ", SignedHeaders="+signedHeaders+", Signature="...)
	r = append(r, signature[:]...)
	r = append(r, "\r\nContent-Type: "+contentType+"\r\nX-Amz-Date: "...)
	r = append(r, stamp...)
	r = append(r, "\r\nX-Amz-Target: "+api.TargetPrefix+"."...)
	r = append(r, e.operation...)
	r = append(r, "\r\nAccept-Encoding: gzip\r\n\r\n"...)
	e.request = append(r, body...)
	return e.request
}

// canonicalize makes the canonical request of SigV4.
func (e *envelope) canonicalize(stamp string, body []byte) {
	digest := sha256.Sum256(body)
	c := append(e.canonical[:0], "POST\n/\n\namz-sdk-invocation-id:"+invocation+"\namz-sdk-request:"+attempt+"\ncontent-length:"...)
	c = strconv.AppendInt(c, int64(len(body)), 10)
	c = append(c, "\ncontent-type:"+contentType+"\nhost:"...)
	c = append(c, e.host...)
	c = append(c, "\nx-amz-date:"...)
	c = append(c, stamp...)
	c = append(c, "\nx-amz-target:"+api.TargetPrefix+"."...)
	c = append(c, e.operation...)
	c = append(c, "\n\n"+signedHeaders+"\n"...)
	e.canonical = hex.AppendEncode(c, digest[:])
}
