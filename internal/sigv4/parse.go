package sigv4

import (
	"encoding/hex"
	"net/http"
	"strings"
	"time"
)

// Parse reads the signature of a request from its Authorization header or, when
// there is none, from its query. A request without either gives ErrAbsent; an
// Authorization of another scheme gives an error that is ErrOtherScheme.
func Parse(r *http.Request) (*Signature, error) {
	authorization := r.Header.Get("Authorization")
	presigned := hasQueryParam(r.URL.RawQuery, paramAlgorithm)
	switch {
	case authorization == "" && !presigned:
		return nil, ErrAbsent
	case authorization == "":
		return parseQuery(r.URL.RawQuery)
	}
	scheme := authorization
	if end := strings.IndexAny(authorization, ", "); end >= 0 {
		scheme = authorization[:end]
	}
	if scheme != algorithm {
		return nil, otherScheme(scheme, authorization, r.Header)
	}
	if presigned {
		return nil, invalid("Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.")
	}
	return parseHeader(authorization, r.Header)
}

// parseHeader reads "AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…,
// Signature=…". AWS takes commas, blanks, or both between the parameters, and the
// parameters in any order (M0044). Unknown ones are ignored.
func parseHeader(authorization string, header http.Header) (*Signature, error) {
	var credential, signedHeaders, signature param
	for part := range strings.SplitSeq(authorization[len(algorithm):], ",") {
		for field := range strings.SplitSeq(part, " ") {
			key, value, ok := strings.Cut(field, "=")
			switch key {
			case "Credential":
				credential = param{value, ok}
			case "SignedHeaders":
				signedHeaders = param{value, ok}
			case "Signature":
				signature = param{value, ok}
			}
		}
	}
	if !credential.ok || !signature.ok || !signedHeaders.ok || !hasDate(header) {
		return nil, missingHeaderParts(credential, signature, signedHeaders, authorization, header)
	}
	s := &Signature{
		SignedHeaders: signedHeaders.value,
		SessionToken:  header.Get("X-Amz-Security-Token"),
		Expires:       clockSkewMax,
	}
	var err error
	if s.Time, s.stamp, err = headerTime(header); err != nil {
		return nil, err
	}
	return s.complete(credential.value, signature.value)
}

// param is a parameter that was given, possibly empty, or was not.
type param struct {
	value string
	ok    bool
}

// missingHeaderParts lists what an Authorization header lacks, in AWS's order.
func missingHeaderParts(credential, signature, signedHeaders param, authorization string, header http.Header) *Error {
	var b strings.Builder
	for _, p := range []struct {
		ok   bool
		text string
	}{
		{credential.ok, "Authorization header requires 'Credential' parameter. "},
		{signature.ok, "Authorization header requires 'Signature' parameter. "},
		{signedHeaders.ok, "Authorization header requires 'SignedHeaders' parameter. "},
		{hasDate(header), "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "},
	} {
		if !p.ok {
			b.WriteString(p.text)
		}
	}
	return incomplete(b.String() + "Authorization=" + authorization)
}

// otherScheme answers an Authorization that is not ours the way AWS does, and
// marks it for callers that know what else it may be.
func otherScheme(scheme, authorization string, header http.Header) error {
	var none param
	err := missingHeaderParts(none, none, none, authorization, header)
	if strings.HasPrefix(scheme, "AWS4-") {
		err = unsupportedAlgorithm(scheme)
	}
	err.cause = ErrOtherScheme
	return err
}

func unsupportedAlgorithm(name string) *Error {
	return incomplete("Unsupported AWS 'algorithm': '" + name + "' (only " + algorithm + " for now). ")
}

func hasDate(header http.Header) bool {
	return header.Get("X-Amz-Date") != "" || header.Get("Date") != ""
}

// headerTime takes the time of the request from X-Amz-Date or, without it, from
// Date, and gives it also as it stands in the string to sign.
func headerTime(header http.Header) (time.Time, string, error) {
	if stamp := header.Get("X-Amz-Date"); stamp != "" {
		t, err := parseStamp(stamp)
		return t, stamp, err
	}
	date := header.Get("Date")
	// botocore writes the zone of a Date header as "-0000", all others as "GMT"
	// (M0049).
	for _, layout := range []string{http.TimeFormat, time.RFC1123Z} {
		if t, err := time.Parse(layout, date); err == nil {
			t = t.UTC()
			return t, t.Format(stampLayout), nil
		}
	}
	t, err := parseStamp(date)
	return t, date, err
}

// parseStamp reads ISO 8601's basic format and nothing near it: the length is
// checked because time.Parse lets fractions of a second pass.
func parseStamp(stamp string) (time.Time, error) {
	t, err := time.Parse(stampLayout, stamp)
	if err != nil || len(stamp) != len(stampLayout) {
		return time.Time{}, incomplete("Date must be in ISO-8601 'basic format'. Got '" + stamp +
			"'. See http://en.wikipedia.org/wiki/ISO_8601")
	}
	return t, nil
}

// complete fills in what the header and the query form have in common, in AWS's
// order: signed headers, credential, signature.
func (s *Signature) complete(credential, signature string) (*Signature, error) {
	if err := s.checkSignedHeaders(); err != nil {
		return nil, err
	}
	if strings.Count(credential, "/") != 4 {
		return nil, incomplete("Credential must have exactly 5 slash-delimited elements, " +
			"e.g. keyid/date/region/service/term, got '" + credential + "'")
	}
	s.AccessKeyID, credential, _ = strings.Cut(credential, "/")
	s.Date, credential, _ = strings.Cut(credential, "/")
	s.Region, credential, _ = strings.Cut(credential, "/")
	s.Service, s.terminator, _ = strings.Cut(credential, "/")
	if err := s.setMAC(signature); err != nil {
		return nil, err
	}
	return s, nil
}

// setMAC decodes the signature itself. Only lower-case digits are taken, as the
// algorithm defines them: one signature has one spelling.
func (s *Signature) setMAC(signature string) error {
	if len(signature) == hex.EncodedLen(len(s.mac)) && strings.ToLower(signature) == signature {
		if _, err := hex.Decode(s.mac[:], []byte(signature)); err == nil {
			return nil
		}
	}
	return invalid("'Signature' must be 64 lower-case hexadecimal digits.")
}

// checkSignedHeaders wants the host among the signed headers, as AWS does: the
// signature must not be good for another endpoint. It asks for nothing else
// (M0046).
// The date needs no place in the list, because the string to sign holds it.
//
// The names must ascend, as the algorithm defines their order. That also keeps
// any header from being named, and hashed, more than once.
func (s *Signature) checkSignedHeaders() error {
	s.SignedHeaders = strings.ToLower(s.SignedHeaders)
	host, last := false, ""
	for name := range strings.SplitSeq(s.SignedHeaders, ";") {
		if name <= last && s.SignedHeaders != "" {
			return invalid("'SignedHeaders' must be in ascending order and name each header once.")
		}
		host = host || name == "host" || name == ":authority"
		last = name
	}
	if !host {
		return invalid("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
	}
	return nil
}
