package catalog

import "testing"

func TestNearest(t *testing.T) {
	candidates := []string{"kind", "mode", "code", "accessKeyId", "secretAccessKey", "gb"}
	for name, want := range map[string]string{
		"kinds":            "kind",
		"Kind":             "kind",
		"knd":              "kind",
		"cod":              "code", // mode is two edits away
		"access_key_id":    "accessKeyId",
		"secretAcessKey":   "secretAccessKey",
		"GB":               "gb",
		"tb":               "",
		"":                 "",
		"dimension":        "",
		"wJalrXUtnFEMIK7M": "",
	} {
		if got := nearest(name, candidates); got != want {
			t.Errorf("nearest to %q is %q, want %q", name, got, want)
		}
	}
}

func TestEditDistance(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"abc", "", 3}, {"", "abc", 3}, {"abc", "abc", 0}, {"kitten", "sitting", 3}, {"ab", "ba", 2},
	} {
		if got := editDistance(test.a, test.b); got != test.want {
			t.Errorf("from %q to %q are %d edits, want %d", test.a, test.b, got, test.want)
		}
	}
}
