package livetest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

var uuid = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// judge compares a client's report with the scenarios.
type judge struct {
	*testing.T
	client
	// records are the MeteringRecordIds that scenarios gave names to.
	records map[string]string
	// requests are the request ids seen so far.
	requests map[string]bool
}

func (c client) check(t *testing.T, scenarios []scenario, results []result) {
	t.Helper()
	if len(results) != len(scenarios) {
		t.Fatalf("%s reports %d scenarios of %d", c.name, len(results), len(scenarios))
	}
	j := judge{t, c, map[string]string{}, map[string]bool{}}
	for i, s := range scenarios {
		j.scenario(s, results[i])
	}
}

func (j judge) scenario(s scenario, r result) {
	if r.Scenario != s.Name {
		j.Fatalf("the report tells of %q where it should of %q", r.Scenario, s.Name)
	}
	var problems []string
	if s.Error != "" {
		problems = j.failure(s, r)
	} else {
		problems = j.success(s, r)
	}
	if j.seesRequestID {
		if !uuid.MatchString(r.RequestID) || j.requests[r.RequestID] {
			problems = append(problems, fmt.Sprintf("request id is %q", r.RequestID))
		}
		j.requests[r.RequestID] = true
	}
	if len(problems) > 0 {
		text, _ := json.Marshal(r)
		j.Errorf("%s:\n\t%s\n\treport: %s", s.Name, strings.Join(problems, "\n\t"), text)
	}
}

func (j judge) failure(s scenario, r result) (problems []string) {
	if r.Error == nil {
		return []string{"no error, want " + s.Error}
	}
	if r.Error.Type != s.Error || r.Error.Message == "" {
		problems = append(problems, fmt.Sprintf("error is %s (%q), want %s", r.Error.Type, r.Error.Message, s.Error))
	}
	if j.seesClass && !r.Error.Typed {
		problems = append(problems, "the error is not of the client's own type for it")
	}
	if j.seesStatus && r.Error.Status != s.Status {
		problems = append(problems, fmt.Sprintf("status is %d, want %d", r.Error.Status, s.Status))
	}
	if j.seesAttempts && s.Attempts > 0 && r.Attempts != s.Attempts {
		problems = append(problems, fmt.Sprintf("it gave up after %d attempts, want %d", r.Attempts, s.Attempts))
	}
	return problems
}

func (j judge) success(s scenario, r result) (problems []string) {
	if r.Error != nil {
		return []string{"error, want none"}
	}
	if j.seesAttempts && s.Attempts > 0 && r.Attempts < 2 {
		problems = append(problems, "it succeeded at once, want a retry before")
	}
	return append(problems, j.compare("output", s.Output, r.Output, s)...)
}

// compare returns where got differs from want. In want, null is a member that
// must be absent, "#name" a record id, "jwt" a signature, and what looks like a
// time is compared as one; members that it does not name do not matter.
func (j judge) compare(at string, want, got any, s scenario) (problems []string) {
	switch want := want.(type) {
	case map[string]any:
		object, ok := got.(map[string]any)
		if !ok {
			break
		}
		for name := range want {
			if !slices.Contains(j.lacksResult, name) {
				problems = append(problems, j.compare(at+"."+name, want[name], object[name], s)...)
			}
		}
		return problems
	case []any:
		// Go's SDK shows an empty list as none.
		list, ok := got.([]any)
		if !ok && got != nil || len(list) != len(want) {
			break
		}
		for i := range want {
			problems = append(problems, j.compare(fmt.Sprintf("%s[%d]", at, i), want[i], list[i], s)...)
		}
		return problems
	case string:
		if text, ok := got.(string); ok && j.sameText(want, text, s) {
			return nil
		}
	case nil:
		if got == nil || got == "" {
			return nil
		}
	default:
		if got == want {
			return nil
		}
	}
	return []string{fmt.Sprintf("%s is %v, want %v", at, got, want)}
}

func (j judge) sameText(want, got string, s scenario) bool {
	if name, ok := strings.CutPrefix(want, "#"); ok {
		return j.sameRecord(name, got)
	}
	if want == "jwt" {
		return signs(got, s.Input)
	}
	if instant, err := time.Parse(time.RFC3339, want); err == nil {
		told, err := time.Parse(time.RFC3339, got)
		return err == nil && told.Equal(instant)
	}
	return got == want
}

// sameRecord holds each name to one id and each id to one name.
func (j judge) sameRecord(name, id string) bool {
	if known, ok := j.records[name]; ok {
		return id == known
	}
	for _, other := range j.records {
		if id == other {
			return false
		}
	}
	j.records[name] = id
	return uuid.MatchString(id)
}

// signs reports whether a token has the header and the claims that containers
// check. That the signature itself is good is tested elsewhere.
func signs(token string, registered map[string]any) bool {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return false
	}
	var header, claims map[string]any
	return decodePart(parts[0], &header) && decodePart(parts[1], &claims) &&
		header["alg"] == "PS256" &&
		claims["productCode"] == registered["ProductCode"] &&
		claims["publicKeyVersion"] == registered["PublicKeyVersion"] &&
		claims["nonce"] == registered["Nonce"]
}

func decodePart(part string, into any) bool {
	text, err := base64.RawURLEncoding.DecodeString(part)
	return err == nil && json.Unmarshal(text, into) == nil
}
