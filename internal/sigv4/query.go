package sigv4

import (
	"iter"
	"net/url"
	"slices"
	"strings"
)

// queryPairs walks a raw query, key and value still escaped. It is used instead
// of url.ParseQuery, which drops pairs that hold a semicolon or a bad escape:
// what was signed must not vanish before it is verified.
func queryPairs(rawQuery string) iter.Seq2[string, string] {
	return func(yield func(key, value string) bool) {
		for pair := range strings.SplitSeq(rawQuery, "&") {
			if pair == "" {
				continue
			}
			key, value, _ := strings.Cut(pair, "=")
			if !yield(key, value) {
				return
			}
		}
	}
}

func hasQueryParam(rawQuery, name string) bool {
	if rawQuery == "" {
		return false
	}
	for key := range queryPairs(rawQuery) {
		if unescapeQuery(key) == name {
			return true
		}
	}
	return false
}

// unescapeQuery decodes a key or value; one with a bad escape stands for itself.
func unescapeQuery(s string) string {
	if decoded, err := url.QueryUnescape(s); err == nil {
		return decoded
	}
	return s
}

// appendQuery appends the canonical query: keys and values encoded anew, pairs
// sorted by encoded key, then by encoded value. The signature of a presigned
// request is the one parameter that it cannot have signed.
func appendQuery(dst []byte, rawQuery string, presigned bool) []byte {
	if rawQuery == "" {
		return dst
	}
	type pair struct{ key, value string }
	var pairs []pair
	signature := presigned
	for key, value := range queryPairs(rawQuery) {
		p := pair{encodeQuery(key), encodeQuery(value)}
		if signature && p.key == paramSignature {
			signature = false // only the one that was read; a second is a parameter like any other
			continue
		}
		pairs = append(pairs, p)
	}
	slices.SortFunc(pairs, func(a, b pair) int {
		if c := strings.Compare(a.key, b.key); c != 0 {
			return c
		}
		return strings.Compare(a.value, b.value)
	})
	for i, p := range pairs {
		if i > 0 {
			dst = append(dst, '&')
		}
		dst = append(dst, p.key...)
		dst = append(dst, '=')
		dst = append(dst, p.value...)
	}
	return dst
}

// encodeQuery gives the one canonical encoding of an escaped key or value.
// A plus is a blank, as in forms; both become %20.
func encodeQuery(escaped string) string {
	return string(appendEscaped(nil, unescapeQuery(escaped), false))
}
