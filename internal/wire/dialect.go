package wire

import (
	"net/http"
	"strings"
)

// Dialect is the way a client writes JSON and wants it written (M0011).
type Dialect int

const (
	// AWSJSON is what every AWS SDK speaks: application/x-amz-json-1.1, times
	// as numbers of seconds since the epoch.
	AWSJSON Dialect = iota
	// PlainJSON is what OpenAPI clients, DataFire 2 and curl speak:
	// application/json, times as ISO 8601 texts. A number is read as well.
	PlainJSON
)

// Media types of requests and answers.
const (
	awsJSONType   = "application/x-amz-json-1.1"
	awsJSON10Type = "application/x-amz-json-1.0"
	plainJSONType = "application/json"
)

// ContentType is the media type of an answer in d. A client that gets the
// other dialect's type returns an empty result or an unparsed text.
func (d Dialect) ContentType() string {
	if d == PlainJSON {
		return plainJSONType
	}
	return awsJSONType
}

func (d Dialect) String() string {
	if d == PlainJSON {
		return "PlainJSON"
	}
	return "AWSJSON"
}

// DialectOf says which dialect a request is in, by its media type alone, or
// returns the answer to give instead.
//
// A missing or foreign media type is read as PlainJSON when X-Amz-Target names
// an operation, because that is what `curl -d` sends. The real service refuses
// it (M0010), and so does strict. JSON 1.0 is refused in any case (M0012).
func DialectOf(header http.Header, strict bool) (Dialect, *Reply) {
	mediaType, _, _ := strings.Cut(header.Get("Content-Type"), ";")
	mediaType = strings.Trim(mediaType, " \t")
	switch {
	case strings.EqualFold(mediaType, awsJSONType):
		return AWSJSON, nil
	case strings.EqualFold(mediaType, plainJSONType):
		return PlainJSON, nil
	case strict, strings.EqualFold(mediaType, awsJSON10Type):
		return 0, UnknownProtocol()
	}
	if op, _ := parseTarget(header.Get(TargetHeader)); op.Known() {
		return PlainJSON, nil
	}
	return 0, UnknownProtocol()
}
