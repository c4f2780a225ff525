package server

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/meterd/meterd/api"
	"github.com/meterd/meterd/internal/marketplace"
)

var update = flag.Bool("update", false, "write the golden answers to captured requests anew")

// captures are the requests of real clients, by client. DataFire's model is
// older than RegisterUsage.
var captures = map[string][]api.Operation{
	"aws-sdk-go-v2":              api.Operations[:],
	"aws-sdk-js-v2":              api.Operations[:],
	"aws-sdk-js-v3":              api.Operations[:],
	"boto3-1.43":                 api.Operations[:],
	"datafire-2.0.0":             {api.BatchMeterUsage, api.MeterUsage, api.ResolveCustomer},
	"datafire-3.0.2":             {api.BatchMeterUsage, api.MeterUsage, api.ResolveCustomer},
	"openapi-generator-js-7.9.0": api.Operations[:],
}

func capture(t *testing.T, client string, op api.Operation) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata/wire", client, string(op)+".http"))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestEveryCaptureIsReplayed(t *testing.T) {
	files, err := filepath.Glob("testdata/wire/*/*")
	if err != nil {
		t.Fatal(err)
	}
	listed := 0
	for _, ops := range captures {
		listed += len(ops)
	}
	if len(files) != listed {
		t.Errorf("%d captured requests, %d are replayed", len(files), listed)
	}
}

// TestCapturesGetTheirAnswers sends what real clients sent, byte for byte, and
// holds each whole answer against a golden one: to a user of the seller of a
// SaaS product, and to the task of a buyer of a container product.
func TestCapturesGetTheirAnswers(t *testing.T) {
	for name, market := range map[string]func() marketplace.State{"seller": sellerMarket, "task": taskMarket} {
		for client, ops := range captures {
			t.Run(name+"/"+client, func(t *testing.T) {
				server := listen(t, open(t, market()))
				var got strings.Builder
				for _, op := range ops {
					a := server.ask(t, capture(t, client, op))
					a.checkHeaders(t)
					fmt.Fprintf(&got, "--- %s\n%s\n\n%s\n\n", op, strings.Join(a.head, "\n"), a.body)
				}
				checkGolden(t, filepath.Join("testdata/golden", name, client+".txt"), unmarked(got.String()))
			})
		}
	}
}

func checkGolden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("answers differ from %s (-want +got):\n%s", file, diff)
	}
}

var marks = regexp.MustCompile(`(?m)^(x-amzn-RequestId|Date): .*$|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|eyJhbGciOiJQUzI1Ni[\w-]+\.[\w-]+\.[\w-]+`)

// unmarked replaces what differs each time: request ids, dates and signatures
// by a word, record ids by their order of appearance.
func unmarked(text string) string {
	seen := map[string]string{}
	return marks.ReplaceAllStringFunc(text, func(mark string) string {
		header, _, isHeader := strings.Cut(mark, ": ")
		switch {
		case isHeader:
			return header + ": …"
		case strings.HasPrefix(mark, "eyJ"):
			return "JWT"
		case seen[mark] == "":
			seen[mark] = fmt.Sprintf("ID%d", len(seen)+1)
		}
		return seen[mark]
	})
}

// TestCapturesSentAgainAreTheSameRecords is what a client's retry gets, and so
// does another client that tells the same usage.
func TestCapturesSentAgainAreTheSameRecords(t *testing.T) {
	for _, test := range []struct {
		market marketplace.State
		op     api.Operation
		ids    int
	}{
		{sellerMarket(), api.BatchMeterUsage, 2},
		{taskMarket(), api.MeterUsage, 1},
	} {
		t.Run(string(test.op), func(t *testing.T) {
			s := open(t, test.market)
			server := listen(t, s)
			for client := range captures {
				raw := capture(t, client, test.op)
				first, again := idsIn(server.ask(t, raw).body), idsIn(server.ask(t, raw).body)
				if len(first) != test.ids || len(first) == 2 && first[0] == first[1] {
					t.Errorf("%s: ids are %q, want %d different ones", client, first, test.ids)
				}
				if diff := cmp.Diff(first, again); diff != "" {
					t.Errorf("%s: sent again, the ids are others:\n%s", client, diff)
				}
			}
			// Three credentials are three tasks, and one seller.
			want := map[api.Operation]int{api.BatchMeterUsage: 2, api.MeterUsage: 3}[test.op]
			if n := len(s.records(t)); n != want {
				t.Errorf("%d records were stored, want %d", n, want)
			}
		})
	}
}

func idsIn(body string) (ids []string) {
	for _, match := range regexp.MustCompile(`"MeteringRecordId":"([^"]+)"`).FindAllStringSubmatch(body, -1) {
		ids = append(ids, match[1])
	}
	return ids
}
