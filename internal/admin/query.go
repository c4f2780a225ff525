package admin

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// queryOf returns the query's members and refuses unknown and repeated ones.
func queryOf(r *http.Request, known ...string) (map[string]string, error) {
	members := map[string]string{}
	for name, values := range r.URL.Query() {
		if !slices.Contains(known, name) {
			return nil, refuse(http.StatusBadRequest, "query parameter %q is unknown; there are %s", name, strings.Join(known, ", "))
		}
		if len(values) > 1 {
			return nil, refuse(http.StatusBadRequest, "query parameter %q is there %d times", name, len(values))
		}
		members[name] = values[0]
	}
	return members, nil
}

// ParseTime reads a time as people type it: RFC 3339, or a day, which means
// its first moment in UTC.
func ParseTime(s string) (time.Time, error) {
	if day, err := time.Parse(time.DateOnly, s); err == nil {
		return day, nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return t, refuse(http.StatusBadRequest, "%q is not a time such as 2026-11-30T23:00:00Z or 2026-11-30", s)
	}
	return t.UTC(), nil
}
