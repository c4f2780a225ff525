package livetest

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// client is one of the programs under this folder.
type client struct {
	name string
	// command prepares the client and returns how it is run; it ends the test
	// if something that the client needs is not on this machine.
	command func(*testing.T) program
	// lacks names members of requests that came after the client's model,
	// lacksResult those of results.
	lacks, lacksResult []string
	// What the client lets its user see of an answer.
	seesRequestID, seesStatus, seesClass, seesAttempts bool
	// retries says whether the client repeats throttled calls by itself.
	retries bool
}

// Members that models of 2025 and before do not have. ResolveCustomer told the
// account long before batches could.
var (
	newMembers       = []string{"CustomerAWSAccountId", "LicenseArn", "ClientToken"}
	newResultMembers = []string{"LicenseArn"}
)

var clients = []client{
	{
		name: "js-v3", command: node("js-v3"),
		seesRequestID: true, seesStatus: true, seesClass: true, seesAttempts: true, retries: true,
	},
	{
		name: "js-v2", command: node("js-v2"), lacks: newMembers, lacksResult: newResultMembers,
		seesRequestID: true, seesStatus: true, seesClass: true, retries: true,
	},
	{
		name: "go-v2", command: golang("go-v2"),
		seesRequestID: true, seesStatus: true, seesClass: true, seesAttempts: true, retries: true,
	},
	{
		name: "go-v1", command: golang("go-v1"), lacks: newMembers, lacksResult: newResultMembers,
		seesRequestID: true, seesStatus: true, seesClass: true, seesAttempts: true, retries: true,
	},
	{
		name: "boto3", command: python("boto3", "import boto3"), lacks: newMembers, lacksResult: newResultMembers,
		seesRequestID: true, seesStatus: true, seesClass: true, seesAttempts: true, retries: true,
	},
	{
		name: "aws-cli", command: awsCLI, lacks: newMembers, lacksResult: newResultMembers, retries: true,
	},
	{
		name: "datafire", command: node("datafire"), seesStatus: true,
	},
	{
		name: "openapi-generator", command: openAPIGenerator, seesRequestID: true, seesStatus: true,
	},
}

// browser is JS v3 once more, in a page.
var browser = client{
	name: "browser", command: inBrowser,
	seesRequestID: true, seesStatus: true, seesClass: true, seesAttempts: true, retries: true,
}

// settings is what a client is told, as a JSON file.
type settings struct {
	Endpoint  string     `json:"endpoint"`
	Region    string     `json:"region"`
	Scenarios []scenario `json:"scenarios"`
	// OpenAPI is the document to make a client from, Work a folder to do so.
	OpenAPI string `json:"openapi"`
	Work    string `json:"work"`
	// Origin and ForeignOrigin serve an empty page; the server knows the
	// first. Bare is called with fetch.
	Origin        string     `json:"origin,omitempty"`
	ForeignOrigin string     `json:"foreignOrigin,omitempty"`
	Bare          []scenario `json:"bare,omitempty"`
	// AWS and Chromium are the commands to run.
	AWS      string `json:"aws"`
	Chromium string `json:"chromium"`
}

// result is what a client tells of one scenario.
type result struct {
	Scenario string `json:"scenario"`
	Output   any    `json:"output"`
	Error    *struct {
		Type    string `json:"type"`
		Typed   bool   `json:"typed"`
		Status  int    `json:"status"`
		Message string `json:"message"`
	} `json:"error"`
	RequestID string `json:"requestId"`
	Attempts  int    `json:"attempts"`
}

// clientTime is the longest that a client may take for all its scenarios.
const clientTime = 4 * time.Minute

// run lets the client do the scenarios and returns its report.
func (c client) run(t *testing.T, p program, s settings) []result {
	t.Helper()
	s.Region, s.AWS, s.Chromium = "us-east-1", awsCommand, chromiumCommand
	s.OpenAPI, s.Work = absolute(t, "../api/openapi.yaml"), t.TempDir()
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(s.Work, "settings.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), clientTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, p.args[0], append(slices.Clone(p.args[1:]), file)...)
	cmd.Env = append(environment(), p.env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.Output()
	if err != nil {
		t.Fatalf("running %s: %v\n%s%s", c.name, err, stdout, stderr.Bytes())
	}
	return parse(t, stdout)
}

func parse(t *testing.T, report []byte) []result {
	t.Helper()
	var results []result
	for line := range bytes.Lines(report) {
		var r result
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatalf("the client printed %q: %v", line, err)
		}
		results = append(results, r)
	}
	return results
}

// environment is this process's, without what its user has set for the SDKs or
// for meterd.
func environment() []string {
	return slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "AWS_") || strings.HasPrefix(v, "METERD_")
	})
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return path
}
