package sigv4

import (
	"strconv"
	"strings"
	"time"
)

// The parameters of a presigned request.
const (
	paramAlgorithm     = "X-Amz-Algorithm"
	paramCredential    = "X-Amz-Credential"
	paramDate          = "X-Amz-Date"
	paramExpires       = "X-Amz-Expires"
	paramSecurityToken = "X-Amz-Security-Token"
	paramSignature     = "X-Amz-Signature"
	paramSignedHeaders = "X-Amz-SignedHeaders"
)

// presignedParams are the parameters of one presigned request, decoded.
type presignedParams struct {
	algorithm, credential, signature, signedHeaders, date, expires, securityToken string
}

// parseQuery reads the signature of a presigned request. M0048: X-Amz-Expires may
// be absent, as AWS's services other than S3 allow and the official Go signer does
// by default; the request then lives as long as one signed in a header.
func parseQuery(rawQuery string) (*Signature, error) {
	p := readPresigned(rawQuery)
	if err := p.checkPresence(); err != nil {
		return nil, err
	}
	if p.algorithm != algorithm {
		return nil, unsupportedAlgorithm(p.algorithm)
	}
	s := &Signature{
		SignedHeaders: p.signedHeaders,
		SessionToken:  p.securityToken,
		Expires:       clockSkewMax,
		Presigned:     true,
		stamp:         p.date,
	}
	var err error
	if s.Time, err = parseStamp(p.date); err != nil {
		return nil, err
	}
	if p.expires != "" {
		if s.Expires, err = parseExpires(p.expires); err != nil {
			return nil, err
		}
	}
	return s.complete(p.credential, p.signature)
}

// readPresigned takes the first of each parameter.
func readPresigned(rawQuery string) *presignedParams {
	p := new(presignedParams)
	for key, value := range queryPairs(rawQuery) {
		field := p.field(unescapeQuery(key))
		if field != nil && *field == "" {
			*field = unescapeQuery(value)
		}
	}
	return p
}

func (p *presignedParams) field(key string) *string {
	switch key {
	case paramAlgorithm:
		return &p.algorithm
	case paramCredential:
		return &p.credential
	case paramSignature:
		return &p.signature
	case paramSignedHeaders:
		return &p.signedHeaders
	case paramDate:
		return &p.date
	case paramExpires:
		return &p.expires
	case paramSecurityToken:
		return &p.securityToken
	}
	return nil
}

// checkPresence lists the parameters that are missing or empty, in AWS's order.
func (p *presignedParams) checkPresence() error {
	var b strings.Builder
	for _, key := range []string{paramAlgorithm, paramCredential, paramSignature, paramSignedHeaders, paramDate} {
		if *p.field(key) == "" {
			b.WriteString("AWS query-string parameters must include '" + key + "'. ")
		}
	}
	if b.Len() == 0 {
		return nil
	}
	return incomplete(b.String() + "Re-examine the query-string parameters.")
}

func parseExpires(seconds string) (time.Duration, error) {
	n, err := strconv.ParseInt(seconds, 10, 32)
	switch {
	case err != nil:
		return 0, incomplete("X-Amz-Expires should be a number")
	case n < 0:
		return 0, incomplete("X-Amz-Expires must be non-negative")
	case n > int64(expiresMax/time.Second):
		return 0, incomplete("X-Amz-Expires must be less than a week (in seconds); " +
			"that is, the given X-Amz-Expires must be less than 604800 seconds")
	}
	return time.Duration(n) * time.Second, nil
}
