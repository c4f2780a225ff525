package plan

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meterd/meterd/internal/mistake"
)

// secrets are the files that configurations in these tests name.
func secrets(name string) ([]byte, error) {
	switch name {
	case "token":
		return []byte("s3cret\n"), nil
	case "hook":
		return []byte("https://hooks.example.com/T0/B0\n"), nil
	case "empty":
		return nil, nil
	}
	return nil, fs.ErrNotExist
}

const whole = `
data: /var/lib/meterd-agent
listen: 0.0.0.0:8422
tokenFile: token
clock: machine
settle: 5m
dryRun: true
services:
  - {name: aws, region: us-east-1, profile: metering, callsPerSecond: 5}
  - {name: sandbox, endpoint: "http://127.0.0.1:8421", apiKeyFile: token}
products:
  - code: prod-abc123
    service: aws
    zeroUsage: true
    dimensions:
      - key: users
      - key: gb
        included: 10
        metrics:
          - {name: bytes, divide: 1073741824}
          - {name: mb, divide: 1024}
    heartbeats:
      - {customer: "222233334444", licenseArn: "arn:x", dimension: users}
  - code: prod-old
    service: sandbox
doNotMeter: [cust-test, 000011112222]
alerts: {webhookFile: hook, deadline: 2h, stalled: 30m, silent: 26h}
`

func TestParse(t *testing.T) {
	p, err := Parse([]byte(whole), "agent.yaml", secrets)
	if err != nil {
		t.Fatal(err)
	}
	want := &Plan{
		Data: "/var/lib/meterd-agent", Listen: "0.0.0.0:8422", Token: "s3cret", Clock: ClockMachine,
		Settle: 5 * time.Minute, DryRun: true,
		Services: []Service{
			{Name: "aws", Region: "us-east-1", Profile: "metering", Rate: 5},
			{Name: "sandbox", Endpoint: "http://127.0.0.1:8421", APIKey: "s3cret"},
		},
		Products: []Product{
			{
				Code: "prod-abc123", Service: "aws", ZeroUsage: true,
				Dimensions: []Dimension{
					{Key: "users", Per: 1, Metrics: []Metric{{"users", 1}}},
					{Key: "gb", Per: 1 << 30, Included: 10, Metrics: []Metric{{"bytes", 1}, {"mb", 1 << 20}}},
				},
				Heartbeats: []Heartbeat{{"222233334444", "arn:x", "users", 1}},
			},
			{Code: "prod-old", Service: "sandbox"},
		},
		DoNotMeter: map[string]bool{"cust-test": true, "000011112222": true},
		Alerts:     Alerts{Webhook: "https://hooks.example.com/T0/B0", Deadline: 2 * time.Hour, Stalled: 30 * time.Minute, Silent: 26 * time.Hour},
	}
	if diff := cmp.Diff(want, p); diff != "" {
		t.Errorf("(-want +got): %s", diff)
	}
}

func TestDefaults(t *testing.T) {
	p, err := Parse([]byte("products: [{code: p}]"), "agent.yaml", secrets)
	if err != nil {
		t.Fatal(err)
	}
	want := withDefaults()
	want.Services = []Service{{Name: "default"}}
	want.Products = []Product{{Code: "p", Service: "default"}}
	want.DoNotMeter = map[string]bool{}
	if diff := cmp.Diff(want, p); diff != "" {
		t.Errorf("(-want +got): %s", diff)
	}
}

func TestMistakes(t *testing.T) {
	for name, test := range map[string]struct{ source, want string }{
		"empty":             {"", "1:1: the file is empty"},
		"not YAML":          {"products: [", "1:11: this is not YAML"},
		"deep brackets":     {strings.Repeat("[", 100_000), "1:21: this is nested deeper than 20 levels"},
		"deep dashes":       {strings.Repeat("- ", 50_000), "this is nested deeper"},
		"too many words":    {"doNotMeter: [" + strings.Repeat("a,", 20_000) + "]", "more than 20000 words"},
		"two documents":     {"products: [{code: p}]\n---\nx: 1", "3:1: a second document"},
		"an alias":          {"data: &d x\nlisten: *d\nproducts: [{code: p}]", "anchors, aliases"},
		"no products":       {"data: x", "1:1: products: missing"},
		"unknown key":       {"products:\n  - code: p\n    zerousage: true", `3:5: products[0]: there is no key "zerousage" here; the keys are code, service`},
		"not a list":        {"products: p", "1:11: products: write a list"},
		"not a mapping":     {"products: [p]", "products[0]: write a mapping"},
		"no code":           {"products: [{service: a}]", "products[0].code: missing; write a product code"},
		"a product twice":   {"products: [{code: p}, {code: p}]", `products[1]: product "p" stands above already`},
		"unknown service":   {"services: [{name: a}, {name: b}]\nproducts: [{code: p, service: c}]", `2:31: products[0].service: "c" is none of the services [a b]`},
		"which service":     {"services: [{name: a}, {name: b}]\nproducts: [{code: p}]", "is none of the services [a b]"},
		"a service twice":   {"services: [{name: a}, {name: a}]\nproducts: [{code: p, service: a}]", `services[1].name: "a" stands above already`},
		"endpoint":          {"services: [{name: a, endpoint: localhost}]\nproducts: [{code: p}]", "services[0].endpoint: write a URL"},
		"a key for AWS":     {"services: [{name: a, apiKeyFile: token}]\nproducts: [{code: p}]", "AWS knows signatures only"},
		"no secret":         {"tokenFile: nix\nproducts: [{code: p}]", "1:12: tokenFile: file does not exist"},
		"an empty secret":   {"tokenFile: empty\nproducts: [{code: p}]", `the file "empty" is empty`},
		"settle":            {"settle: 5\nproducts: [{code: p}]", `1:9: settle: "5" is not a duration such as 90s, 5m or 2h`},
		"settle too long":   {"settle: 5h1s\nproducts: [{code: p}]", `1:9: settle: "5h1s" is too long: 5h is the most`},
		"dry run":           {`dryRun: "yes"` + "\nproducts: [{code: p}]", "dryRun: write true or false"},
		"clock":             {"clock: utc\nproducts: [{code: p}]", `clock: "utc" is no clock`},
		"divide":            {"products: [{code: p, dimensions: [{key: d, metrics: [{name: m, divide: 0}]}]}]", "products[0].dimensions[0].metrics[0].divide: \"0\" is not a whole number from 1 to"},
		"units too far":     {"products: [{code: p, dimensions: [{key: d, metrics: [{name: m, divide: 2147483647}, {name: n, divide: 2147483646}]}]}]", "come to more than"},
		"a metric twice":    {"products: [{code: p, dimensions: [{key: d}, {key: e, metrics: [{name: d}]}]}]", `metric "d" is told by another entry already`},
		"a dimension twice": {"products: [{code: p, dimensions: [{key: d}, {key: d, metrics: [{name: e}]}]}]", `dimension "d" stands above already`},
		"a heartbeat":       {"products: [{code: p, dimensions: [{key: d}], heartbeats: [{customer: c, dimension: e}]}]", `heartbeats[0].dimension: Product p has no dimension or metric "e"`},
		"a tab":             {"products:\n\t- code: p", "a tab stands here"},
		"two webhooks":      {"alerts: {webhook: \"https://a\", webhookFile: hook}\nproducts: [{code: p}]", "webhook is there already"},
		"webhook":           {"alerts: {webhook: hooks-secret}\nproducts: [{code: p}]", "alerts.webhook: write a URL"},
	} {
		_, err := Parse([]byte(test.source), "agent.yaml", secrets)
		wrong, ok := errors.AsType[*mistake.List](err)
		if !ok || !strings.Contains(wrong.Error(), test.want) {
			t.Errorf("%s: got %v\nwant %s", name, err, test.want)
		}
		if strings.Contains(test.source, "hooks-secret") && strings.Contains(err.Error(), "hooks-secret") {
			t.Errorf("%s: the mistake tells a secret: %v", name, err)
		}
	}
}

func TestAllMistakesAreToldAtOnce(t *testing.T) {
	_, err := Parse([]byte("settle: 5\nclock: x\nproducts: [{}]"), "agent.yaml", secrets)
	want := []string{"agent.yaml:1:9: settle", "agent.yaml:2:8: clock", "agent.yaml:3:12: products[0].code"}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != len(want) {
		t.Fatalf("%v", err)
	}
	for i := range want {
		if !strings.HasPrefix(lines[i], want[i]) {
			t.Errorf("line %d is %s, want %s…", i, lines[i], want[i])
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(whole)
	f.Add("products: [{code: p}]")
	f.Fuzz(func(t *testing.T, source string) {
		p, err := Parse([]byte(source), "agent.yaml", secrets)
		if (p == nil) == (err == nil) {
			t.Errorf("%q: plan %v, error %v", source, p, err)
		}
	})
}
