package sigv4

import (
	"crypto/sha256"
	"time"
)

const (
	algorithm  = "AWS4-HMAC-SHA256"
	terminator = "aws4_request"

	// stampLayout is ISO 8601's basic format, the only one in a string to sign.
	stampLayout = "20060102T150405Z"
)

// Signature is what a request claims about itself. Nothing in it is proven
// before Verify has returned nil.
type Signature struct {
	AccessKeyID string
	Date        string // of the credential scope, YYYYMMDD
	Region      string
	Service     string

	// SignedHeaders is the client's list: lower case, ascending, joined by
	// semicolons, for example "host;x-amz-date".
	SignedHeaders string

	Time         time.Time     // when the request was signed
	Expires      time.Duration // how long after Time the request may be used
	Presigned    bool          // signed in the query, not in a header
	SessionToken string        // of temporary credentials, else empty

	stamp      string // Time as it was signed, in stampLayout
	terminator string // last part of the credential scope, as sent
	mac        [sha256.Size]byte
}

// stampDate is the day of the request, to which its scope must belong.
func (s *Signature) stampDate() string { return s.stamp[:len("20060102")] }
