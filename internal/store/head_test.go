package store

import (
	"strings"
	"testing"

	"github.com/meterd/meterd/internal/audit"
)

func TestHeadsComeBack(t *testing.T) {
	hash := strings.Repeat("0af9", 16)
	for _, text := range []string{"1:" + hash, "281474976710655:" + hash, "1/77:" + hash, "65535/1:" + hash} {
		h, err := ParseHead(text)
		if err != nil || h.String() != text || h.Hash == (audit.Hash{}) {
			t.Errorf("%s came back as %s, %v", text, h, err)
		}
	}
}

func TestWhatIsNoHead(t *testing.T) {
	hash := strings.Repeat("0af9", 16)
	for _, text := range []string{
		"", "1", "1:", ":" + hash, "1:" + hash[2:], "1:" + hash + "00", "1:" + strings.Repeat("x", 64),
		"0:" + hash, "-1:" + hash, "281474976710656:" + hash, "65536/1:" + hash, "1/:" + hash, "/1:" + hash, "1/2/3:" + hash,
	} {
		if h, err := ParseHead(text); err == nil {
			t.Errorf("%q was read as %s", text, h)
		}
	}
}
