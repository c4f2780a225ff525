package audit

import (
	"encoding/hex"
	"testing"
)

// TestLinksArePinned: a link that was given to an auditor must be found again
// by every later meterd. The expectations were computed with another program.
func TestLinksArePinned(t *testing.T) {
	told := DigestOf([]byte("what was told"))
	first := Link(Genesis, 1, told)
	for name, c := range map[string]struct {
		got  [32]byte
		want string
	}{
		"genesis": {Genesis, "7269a51324249f8c8087a5d4f422a7f026528b94878f3cb35883e8c761d887eb"},
		"digest":  {told, "f3e51c92c8e497fae8d92553b5f898f7805b619df0a1f4df4a88a39ccf12c5c4"},
		"first":   {first, "6a3d612b8ad052cb8573ce0fe785a56e53b1cb7d16b134a5193276d7e6edefc1"},
		"second":  {Link(first, 0x0102030405060708, told), "2c211be97cda4b6504acba7093ec30782d55a3ef56bb5c012ffa0d03d5c7342c"},
	} {
		if got := hex.EncodeToString(c.got[:]); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestLinksCoverAllTheyAreMadeOf(t *testing.T) {
	told := DigestOf([]byte("what was told"))
	links := map[Hash]string{}
	for name, link := range map[string]Hash{
		"one":            Link(Genesis, 1, told),
		"another id":     Link(Genesis, 2, told),
		"another shard":  Link(Genesis, 1<<48|1, told),
		"another digest": Link(Genesis, 1, DigestOf([]byte("what was tolc"))),
		"another before": Link(Hash{}, 1, told),
	} {
		if other, ok := links[link]; ok {
			t.Errorf("%s and %s have the same link", name, other)
		}
		links[link] = name
	}
}
