package house

import (
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// texts are the suffixes of files that people read.
var texts = []string{
	".go", ".md", ".yaml", ".yml", ".json", ".txt", ".http", ".js", ".py", ".csv", ".mod",
	"Makefile", "/.ci/run", "/.ci/fuzz", ".gitignore", ".gitattributes",
}

// The patterns are written in two parts so that this file does not match them.
var machinePaths = regexp.MustCompile(`\.\./sha` + `red|/wo` + `rk/|/ro` + `ot/|/ho` + `me/[a-z]`)

func TestNothingNamesAMachine(t *testing.T) {
	for _, file := range files(t, texts...) {
		if found := machinePaths.FindString(read(t, file)); found != "" {
			t.Errorf("%s mentions %q, which only one machine has", file, found)
		}
	}
}

// secrets are the forms of credentials that could be live.
var secrets = []struct {
	what    string
	pattern *regexp.Regexp
	// fine are those that everybody knows to open nothing.
	fine []string
}{
	{
		"an access key id", regexp.MustCompile(`\b(?:AKIA|ASIA)[A-Z0-9]{16}\b`),
		[]string{"AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE", "AKIAMETERDDEMO0"},
	},
	{
		"a session token of AWS", regexp.MustCompile(`\b(?:IQoJb3JpZ2lu|FwoGZXIvYXdz|FQoGZXIvYXdz)[A-Za-z0-9+/=]{16,}`),
		[]string{"IQoJb3JpZ2luX2VjEXAMPLE"},
	},
	{"a private key", regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/=]{40}`), nil},
	{"a token of GitHub", regexp.MustCompile(`\b(?:gh[pousr]_|github_pat_)[A-Za-z0-9_]{20,}`), nil},
	{"a token of Slack", regexp.MustCompile(`\bxox[abprs]-[A-Za-z0-9-]{10,}`), nil},
	{"a token of npm", regexp.MustCompile(`\bnpm_[A-Za-z0-9]{36}\b`), nil},
}

func TestNoFixtureHoldsALiveCredential(t *testing.T) {
	for _, file := range files(t, append(texts, ".pem", ".key", ".sh", ".env")...) {
		text := read(t, file)
		for _, secret := range secrets {
			for _, found := range secret.pattern.FindAllString(text, -1) {
				if !slices.ContainsFunc(secret.fine, func(known string) bool { return strings.HasPrefix(found, known) }) {
					t.Errorf("%s holds %s: %.12s…", file, secret.what, found)
				}
			}
		}
	}
}

var (
	fence      = regexp.MustCompile("(?ms)^```.*?^```$")
	codeSpan   = regexp.MustCompile("`[^`\n]*`")
	inlineLink = regexp.MustCompile(`\]\(([^()\s]+)\)`)
	definition = regexp.MustCompile(`(?m)^\[[^\]]+\]: (\S+)`)
	heading    = regexp.MustCompile(`(?m)^#{1,6} (.+)$`)
)

func TestLinksLeadSomewhere(t *testing.T) {
	for _, file := range files(t, ".md") {
		text := codeSpan.ReplaceAllString(fence.ReplaceAllString(read(t, file), ""), "")
		links := append(inlineLink.FindAllStringSubmatch(text, -1), definition.FindAllStringSubmatch(text, -1)...)
		for _, link := range links {
			target, err := url.Parse(link[1])
			if err != nil {
				t.Errorf("%s: %v", file, err)
				continue
			}
			if target.Scheme != "" {
				continue // another site's
			}
			checkLink(t, file, target)
		}
	}
}

// checkLink reports a link to a file or heading that is not there.
func checkLink(t *testing.T, from string, target *url.URL) {
	t.Helper()
	to := from
	if target.Path != "" {
		to = path.Join(path.Dir(from), target.Path)
	}
	if _, err := os.Stat(filepath.Join(root, to)); err != nil {
		t.Errorf("%s links to %s, which is not there", from, to)
		return
	}
	if target.Fragment == "" {
		return
	}
	text := fence.ReplaceAllString(read(t, to), "")
	for _, m := range heading.FindAllStringSubmatch(text, -1) {
		if anchor(m[1]) == target.Fragment {
			return
		}
	}
	t.Errorf("%s links to %s#%s, which has no such heading", from, to, target.Fragment)
}

// anchor is the name that GitHub gives a heading.
func anchor(title string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(title) {
		switch {
		case r == ' ':
			b.WriteByte('-')
		case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
			b.WriteRune(r)
		}
	}
	return b.String()
}
