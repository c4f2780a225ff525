package livetest

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/meterd/meterd/api"
)

// scenario is one call and what must come of it.
type scenario struct {
	Name string `json:"name" yaml:"name"`
	Call string `json:"call" yaml:"call"`
	// Attempts is how often the client may try; 0 leaves it to the client.
	Attempts int            `json:"attempts,omitempty" yaml:"attempts"`
	Input    map[string]any `json:"input" yaml:"input"`

	As          string            `json:"-" yaml:"as"`
	Credentials map[string]string `json:"credentials" yaml:"-"`

	Output map[string]any `json:"-" yaml:"output"`
	// Error is the short name of an exception, Status 400 if it is not said.
	Error  string `json:"-" yaml:"error"`
	Status int    `json:"-" yaml:"status"`
}

// loadScenarios reads a file of scenarios and makes its times relative to now.
func loadScenarios(t *testing.T, file string, now time.Time) []scenario {
	t.Helper()
	var credentials map[string]map[string]string
	loadYAML(t, "testdata/credentials.yaml", &credentials)
	var list []scenario
	loadYAML(t, file, &list)
	for i := range list {
		s := &list[i]
		if s.Credentials = credentials[s.As]; s.Credentials == nil {
			t.Fatalf("%s: %q: nobody is called %q", file, s.Name, s.As)
		}
		s.Input, s.Output = settle(t, s.Input, now), settle(t, s.Output, now)
		if s.Error != "" && s.Status == 0 {
			s.Status = 400
		}
	}
	return list
}

func loadYAML(t *testing.T, file string, into any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalWithOptions(text, into, yaml.Strict()); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// settle gives the values of a message the types that JSON has, and the times
// in it their values.
func settle(t *testing.T, message map[string]any, now time.Time) map[string]any {
	t.Helper()
	text, err := json.Marshal(message)
	if err != nil {
		t.Fatal(err)
	}
	var plain map[string]any
	if err := json.Unmarshal(text, &plain); err != nil {
		t.Fatal(err)
	}
	settled, _ := replaceTimes(t, plain, now).(map[string]any)
	return settled
}

func replaceTimes(t *testing.T, value any, now time.Time) any {
	switch value := value.(type) {
	case map[string]any:
		for name := range value {
			value[name] = replaceTimes(t, value[name], now)
		}
	case []any:
		for i := range value {
			value[i] = replaceTimes(t, value[i], now)
		}
	case string:
		ago, ok := strings.CutPrefix(value, "now-")
		if !ok {
			return value
		}
		d, err := time.ParseDuration(ago)
		if err != nil {
			t.Fatal(err)
		}
		return now.Add(-d).UTC().Format(time.RFC3339)
	}
	return value
}

// understood returns the scenarios whose members the client's model has.
func (c client) understood(list []scenario) []scenario {
	return slices.DeleteFunc(slices.Clone(list), func(s scenario) bool {
		return slices.ContainsFunc(c.lacks, func(member string) bool { return mentions(s.Input, member) })
	})
}

func mentions(value any, member string) bool {
	switch value := value.(type) {
	case map[string]any:
		for name := range value {
			if name == member || mentions(value[name], member) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(value, func(element any) bool { return mentions(element, member) })
	}
	return false
}

// Every exception of the model must be met where it can be: all of them but
// the one that takes a broken disk, and throttling, which has its own file.
func TestScenariosRaiseEveryException(t *testing.T) {
	raised := map[api.Operation][]string{}
	for _, s := range loadScenarios(t, "testdata/scenarios.yaml", now()) {
		raised[api.Operation(s.Call)] = append(raised[api.Operation(s.Call)], s.Error)
	}
	for _, e := range api.Exceptions {
		if e.Name == api.InternalServiceErrorException || e.Name == api.ThrottlingException {
			continue
		}
		for _, op := range e.Operations {
			if !slices.Contains(raised[op], string(e.Name)) {
				t.Errorf("no scenario makes %s answer with %s", op, e.Name)
			}
		}
	}
}
