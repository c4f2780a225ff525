package sigv4

import (
	"strconv"
	"strings"
	"time"
)

// CheckScope refuses a signature that was made for another service or region,
// on another day than the request's, or by another algorithm's rules. All that
// is wrong stands in one text, in AWS's order, with its blank after each part
// (M0041).
func (s *Signature) CheckScope(service string, knownRegion func(region string) bool) error {
	var b strings.Builder
	if !knownRegion(s.Region) {
		b.WriteString("Credential should be scoped to a valid region, not '" + s.Region + "'. ")
	}
	if s.Service != service {
		b.WriteString("Credential should be scoped to correct service: '" + service + "'. ")
	}
	if s.terminator != terminator {
		b.WriteString("Credential should be scoped with a valid terminator: '" + terminator +
			"', not '" + s.terminator + "'. ")
	}
	if date := s.stampDate(); s.Date != date {
		b.WriteString("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '" +
			s.Date + "' != '" + date + "', from '" + s.stamp + "'.")
	}
	if b.Len() > 0 {
		return invalid(b.String())
	}
	return nil
}

// CheckTime refuses a signature that is too old or from the future. Signatures
// carry whole seconds, so the server's time is cut to whole seconds too.
func (s *Signature) CheckTime(now time.Time) error {
	now = now.UTC().Truncate(time.Second)
	if oldest := now.Add(-s.Expires); s.Time.Before(oldest) {
		return invalid("Signature expired: " + s.stamp + " is now earlier than " + oldest.Format(stampLayout) +
			" (" + now.Format(stampLayout) + " - " + span(s.Expires) + ")")
	}
	if newest := now.Add(clockSkewMax); s.Time.After(newest) {
		return invalid("Signature not yet current: " + s.stamp + " is still later than " + newest.Format(stampLayout) +
			" (" + now.Format(stampLayout) + " + " + span(clockSkewMax) + ")")
	}
	return nil
}

// span writes a length of time as AWS does, "5 min.", or in seconds where
// minutes do not say it.
func span(d time.Duration) string {
	if d%time.Minute == 0 {
		return strconv.Itoa(int(d/time.Minute)) + " min."
	}
	return strconv.Itoa(int(d/time.Second)) + " sec."
}
