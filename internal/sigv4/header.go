package sigv4

import (
	"net/http"
	"strconv"
	"strings"
)

// appendHeaders appends a line "name:value" for each signed header. It reports
// false when one of them is not in the request: an honest client cannot have
// signed it.
func appendHeaders(dst []byte, signedHeaders string, r *http.Request) ([]byte, bool) {
	for name := range strings.SplitSeq(signedHeaders, ";") {
		dst = append(dst, name...)
		dst = append(dst, ':')
		var ok bool
		if dst, ok = appendHeader(dst, name, r); !ok {
			return dst, false
		}
		dst = append(dst, '\n')
	}
	return dst, true
}

// appendHeader appends the value of one header, a repeated one joined by commas.
// net/http keeps some headers outside of the map: Host always, Transfer-Encoding
// always, Content-Length where the body is chunked or the request was made by
// hand. (A server leaves Content-Length in the map otherwise.)
func appendHeader(dst []byte, name string, r *http.Request) ([]byte, bool) {
	if name == "host" || name == ":authority" {
		return appendFolded(dst, r.Host), true
	}
	var scratch [64]byte
	values, ok := r.Header[string(appendHeaderKey(scratch[:0], name))]
	switch {
	case ok:
		for i, value := range values {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendFolded(dst, value)
		}
		return dst, true
	case name == "content-length" && r.ContentLength > 0:
		return strconv.AppendInt(dst, r.ContentLength, 10), true
	case name == "transfer-encoding" && len(r.TransferEncoding) > 0:
		return append(dst, strings.Join(r.TransferEncoding, ",")...), true
	}
	return dst, false
}

// appendHeaderKey spells a lower-case name the way http.Header does. It stands in
// for textproto.CanonicalMIMEHeaderKey, which allocates for names like X-Amz-Date.
func appendHeaderKey(dst []byte, name string) []byte {
	upper := true
	for i := range len(name) {
		c := name[i]
		if upper && 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		dst = append(dst, c)
		upper = c == '-'
	}
	return dst
}

// appendFolded appends a header value without the white space around it and with
// each run of blanks inside as one.
func appendFolded(dst []byte, value string) []byte {
	value = strings.TrimSpace(value)
	for {
		i := strings.Index(value, "  ")
		if i < 0 {
			return append(dst, value...)
		}
		dst = append(dst, value[:i+1]...)
		value = strings.TrimLeft(value[i:], " ")
	}
}
