package house

import (
	"regexp"
	"strings"
	"testing"
)

const guaranteesFile = "docs/guarantees.md"

// provenBy is a link to a test in the file that declares it.
var provenBy = regexp.MustCompile(`\[(Test\w+)\]\(\.\./([^)]+_test\.go)\)`)

// TestGuaranteesNameTheirTests: every line of a table names a test, and every
// test that is named is declared in the file that is linked.
func TestGuaranteesNameTheirTests(t *testing.T) {
	text := read(t, guaranteesFile)
	named := 0
	for line := range strings.Lines(text) {
		tests := provenBy.FindAllStringSubmatch(line, -1)
		heads := strings.HasSuffix(strings.TrimSpace(line), "| proven by |") || strings.HasPrefix(line, "|---")
		if strings.HasPrefix(line, "|") && !heads && len(tests) == 0 {
			t.Errorf("%s promises without a test: %s", guaranteesFile, line)
		}
		for _, test := range tests {
			named++
			if !strings.Contains(read(t, test[2]), "\nfunc "+test[1]+"(t *testing.T)") {
				t.Errorf("%s names %s, which %s does not declare", guaranteesFile, test[1], test[2])
			}
		}
	}
	if named == 0 {
		t.Errorf("%s names no test", guaranteesFile)
	}
}
