package catalog

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/meterd/meterd/internal/mistake"
)

// TestLimits tries each limit at its edge and one past it.
func TestLimits(t *testing.T) {
	sized := func(n int) string { return "region: us-east-1\n#" + strings.Repeat("x", n-len("region: us-east-1\n#")) }
	aliases := func(n int) string {
		// Each alias stands for a list of 99 texts, which is 100 values.
		return "sellers: [{account: \"111122223333\", credentials: [" +
			"{apiKey: k, allow: &all [" + strings.Repeat("'*', ", 99) + "]}" + aliasLines(n) + "]}]\n"
	}
	keys := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "k%d: v\n", i)
		}
		return b.String()
	}
	tests := []struct {
		name   string
		source func(n int) string
		limit  int
		want   string // one past the limit
	}{
		{"file", sized, sourceBytesMax, fmt.Sprintf("catalog.yaml:1:1: the file has %d bytes; a catalog has at most %d", sourceBytesMax+1, sourceBytesMax)},
		{"aliases", aliases, aliasedMax / 100, "catalog.yaml:102:26: sellers[0].credentials[101].allow: the aliases up to here stand for more than 10000 values; write them out"},
		{"brackets", func(n int) string { return "region: " + strings.Repeat("[", n) + strings.Repeat("]", n) }, nestingMax, "catalog.yaml:1:109: this is nested deeper than 100 levels"},
		{"dashes", func(n int) string { return strings.Repeat("- ", n) + "x" }, nestingMax, "catalog.yaml:1:201: this is nested deeper than 100 levels"},
		{"anchors", func(n int) string { return strings.Repeat("&a ", n) + "x" }, nestingMax, "catalog.yaml:1:301: this is nested deeper than 100 levels"},
		{"block keys", keys, keysMax, "catalog.yaml:1001:6: the mapping has more than 1000 keys; is a dash missing before some of them?"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if text := complaints(t, test.source(test.limit)); strings.Contains(text, test.want[strings.LastIndex(test.want, ": "):]) {
				t.Errorf("at the limit: %s", text)
			}
			if text := complaints(t, test.source(test.limit+1)); text != test.want {
				t.Errorf("past the limit: %.300s\nwant %s", text, test.want)
			}
		})
	}
}

func aliasLines(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, ",\n  {apiKey: k%04d, allow: *all}", i)
	}
	return b.String()
}

func complaints(t *testing.T, source string) string {
	t.Helper()
	_, err := Parse([]byte(source), testOptions())
	if err == nil {
		return ""
	}
	return err.Error()
}

// TestManyMappings: the limit on keys is for one mapping, not for all of a
// list.
func TestManyMappings(t *testing.T) {
	var block, flow strings.Builder
	block.WriteString("buyers:\n")
	flow.WriteString("buyers: [\n")
	for i := range 2 * keysMax {
		fmt.Fprintf(&block, "  - account: \"%012d\"\n    customerIdentifier: c%d\n", i, i)
		fmt.Fprintf(&flow, "{account: \"%012d\",\ncustomerIdentifier: c%d},\n", i, i)
	}
	flow.WriteString("]\n")
	for _, source := range []string{block.String(), flow.String()} {
		if state := parsed(t, source); len(state.Buyers) != 2*keysMax {
			t.Errorf("%d buyers were read", len(state.Buyers))
		}
	}
}

// TestBillionLaughs: aliases of aliases are counted while they are followed.
func TestBillionLaughs(t *testing.T) {
	const source = `
sellers:
  - &seller
    account: "111122223333"
    products: &products
      - &product
        code: a
        kind: saas
        dimensions: [&d {key: k}, *d, *d, *d, *d, *d, *d, *d, *d, *d, *d, *d, *d, *d, *d, *d, *d, *d, *d, *d]
      - *product
`
	many := source + strings.Repeat("      - *product\n", 100) + strings.Repeat("  - *seller\n", 1000)
	text := complaints(t, many)
	if lines := strings.Count(text, "\n"); lines != 0 || !strings.Contains(text, "stand for more than 10000 values") {
		t.Errorf("%d more lines after %.200s", lines, text)
	}
}

func TestMistakesMax(t *testing.T) {
	_, err := Parse([]byte("sellers:\n"+strings.Repeat("  - 1\n", mistake.Max)), testOptions())
	var found *mistake.List
	if !errors.As(err, &found) || len(found.Mistakes) != mistake.Max || found.Omitted != 0 {
		t.Fatalf("at the limit: %d mistakes, %d omitted", len(found.Mistakes), found.Omitted)
	}
	_, err = Parse([]byte("sellers:\n"+strings.Repeat("  - 1\n", mistake.Max+2)), testOptions())
	if !errors.As(err, &found) || len(found.Mistakes) != mistake.Max || found.Omitted != 2 {
		t.Fatalf("past the limit: %d mistakes, %d omitted", len(found.Mistakes), found.Omitted)
	}
	if !strings.HasSuffix(err.Error(), "\ncatalog.yaml: and 2 more mistakes") {
		t.Errorf("the end is %q", err.Error()[len(err.Error())-80:])
	}
}

func TestLongValueIsCut(t *testing.T) {
	text := complaints(t, "region: "+strings.Repeat("é", mistake.ShownRunesMax)+"\n")
	if !strings.Contains(text, strings.Repeat("é", mistake.ShownRunesMax)+`" is`) {
		t.Errorf("at the limit: %s", text)
	}
	text = complaints(t, "region: "+strings.Repeat("é", mistake.ShownRunesMax+1)+"\n")
	if !strings.Contains(text, strings.Repeat("é", mistake.ShownRunesMax)+`"… is`) {
		t.Errorf("past the limit: %s", text)
	}
}

func TestNotUTF8(t *testing.T) {
	if got, want := complaints(t, "# one\n# two\nregion: us-\xff\n"), "catalog.yaml:3:1: the line is not UTF-8 text; save the file as UTF-8"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

// TestFieldLengths tries the lengths of texts at the edge and one past it.
func TestFieldLengths(t *testing.T) {
	long := func(n int) string { return strings.Repeat("x", n) }
	seller := func(rest string) string { return "sellers: [{account: \"111122223333\", " + rest + "}]\n" }
	product := func(rest string) string { return seller("products: [{kind: saas, " + rest + "}]") }
	resource := func(n int) string { return "arn:aws:ecs:us-east-1:111122223333:" + long(n) }
	for _, test := range []struct {
		name   string
		source func(n int) string
		limit  int
	}{
		{"product code", func(n int) string { return product("code: " + long(n)) }, 255},
		{"dimension key", func(n int) string { return product("code: a, dimensions: [{key: " + strings.Repeat("é", n) + "}]") }, 255},
		{"digits before the point", func(n int) string {
			return product("code: a, dimensions: [{key: a, price: " + strings.Repeat("9", n) + "}]")
		}, 15},
		{"digits after the point", func(n int) string {
			return product("code: a, dimensions: [{key: a, price: 0." + strings.Repeat("9", n) + "}]")
		}, 15},
		{"customerIdentifier", func(n int) string {
			return "buyers: [{account: \"222233334444\", customerIdentifier: " + long(n) + "}]"
		}, 255},
		{"accessKeyId", func(n int) string { return seller("credentials: [{secretAccessKey: s, accessKeyId: " + long(n) + "}]") }, 128},
		{"secretAccessKey", func(n int) string { return seller("credentials: [{accessKeyId: a, secretAccessKey: " + long(n) + "}]") }, 1024},
		{"apiKey", func(n int) string { return seller("credentials: [{apiKey: " + long(n) + "}]") }, 1024},
		{"user", func(n int) string { return seller("credentials: [{apiKey: a, user: " + long(n) + "}]") }, 64},
		{"resource", func(n int) string {
			return seller("credentials: [{apiKey: a, platform: ecs, resource: \"" + resource(n) + "\"}]")
		}, 1000},
		{"licenseArn", func(n int) string {
			return product("code: a") + "buyers: [{account: \"222233334444\", agreements: [{product: a, status: active, start: 2026-01-01T00:00:00Z, licenseArn: \"arn:aws:l:::" + long(n) + "\"}]}]"
		}, 1024},
	} {
		if text := complaints(t, test.source(test.limit)); text != "" {
			t.Errorf("%s at the limit: %s", test.name, text)
		}
		if text := complaints(t, test.source(test.limit+1)); strings.Count(text, " is not a")+strings.Count(text, " is not the") != 1 {
			t.Errorf("%s past the limit: %q", test.name, text)
		}
	}
}
