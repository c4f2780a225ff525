package sigv4

import (
	"net/http"
	"strings"
)

// requestPath gives the path as it came over the wire, still escaped. The
// request line is the source where there is one: r.URL may have been rewritten,
// and its parser does not keep every spelling.
func requestPath(r *http.Request) string {
	if strings.HasPrefix(r.RequestURI, "/") {
		path, _, _ := strings.Cut(r.RequestURI, "?")
		return path
	}
	if path := r.URL.EscapedPath(); path != "" {
		return path
	}
	return "/"
}

// normalPath removes empty and dot segments from an escaped path. M0047: clients
// do not agree on it: botocore and AWS SDK for JavaScript v3 sign the normal form, the
// SDKs for Go and JavaScript v2 the path as they send it.
func normalPath(path string) string {
	var kept []string
	for segment := range strings.SplitSeq(path, "/") {
		switch segment {
		case "", ".":
		case "..":
			kept = kept[:max(0, len(kept)-1)]
		default:
			kept = append(kept, segment)
		}
	}
	normal := "/" + strings.Join(kept, "/")
	if len(kept) > 0 && strings.HasSuffix(path, "/") {
		normal += "/"
	}
	return normal
}

// appendEscaped appends s with all but RFC 3986's unreserved characters, and
// with keepSlash the slash, percent-encoded. A path that is escaped already is
// escaped again, as all services but S3 want it.
func appendEscaped(dst []byte, s string, keepSlash bool) []byte {
	const digits = "0123456789ABCDEF"
	for i := range len(s) {
		c := s[i]
		if unreserved(c) || keepSlash && c == '/' {
			dst = append(dst, c)
		} else {
			dst = append(dst, '%', digits[c>>4], digits[c&15])
		}
	}
	return dst
}

func unreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		c == '-' || c == '_' || c == '.' || c == '~'
}
