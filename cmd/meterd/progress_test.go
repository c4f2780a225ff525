package main

import (
	"strings"
	"testing"
	"time"
)

func TestProgress(t *testing.T) {
	for name, test := range map[string]struct {
		terminal bool
		want     []string
	}{
		"a bar":   {true, []string{"\r[               ", "] 0 of 4 rows", "\r[=======  ", "] 1 of 4 rows, 15s left", "\r[==============================] 4 of 4 rows\x1b[K\n"}},
		"a file":  {false, []string{"meterd: 2 of 4 rows, 10s left\n"}},
		"nothing": {false, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			now := time.Unix(0, 0)
			p := newProgress(&out, "rows", func() time.Time { return now })
			p.terminal = test.terminal
			if name != "nothing" {
				p.show(0, 4)
				now = now.Add(5 * time.Second)
				p.show(1, 4)
				now = now.Add(5 * time.Second)
				p.show(2, 4)
				now = now.Add(time.Millisecond)
				p.show(3, 4) // too soon
				p.show(4, 4)
			}
			p.end()
			rest := out.String()
			for _, want := range test.want {
				_, after, found := strings.Cut(rest, want)
				if !found {
					t.Fatalf("%q is not in %q", want, out.String())
				}
				rest = after
			}
			if rest != "" || strings.Contains(out.String(), "3 of 4") {
				t.Errorf("%q", out.String())
			}
		})
	}
}
