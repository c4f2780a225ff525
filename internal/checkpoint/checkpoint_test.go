package checkpoint

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meterd/meterd/internal/audit"
	"github.com/meterd/meterd/internal/store"
)

var (
	private = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
	public  = private.Public().(ed25519.PublicKey)
)

var sample = Checkpoint{
	Time:  time.Date(2026, 11, 22, 5, 30, 0, 0, time.UTC),
	Heads: []store.Head{{Call: 1042, Hash: audit.Hash{1, 2}}, {Call: store.NewCallID(3, 7), Hash: audit.Hash{31: 9}}},
	Key:   public,
}

func TestACheckpointComesBack(t *testing.T) {
	for name, c := range map[string]Checkpoint{"two shards": sample, "no call": {Time: sample.Time, Key: public}} {
		text := Sign(c, private)
		for carrier, carried := range map[string][]byte{
			"as it is": text, "windows": bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n")), "mail": []byte("\n" + string(text) + "\n\n"),
		} {
			got, err := Parse(carried)
			if err != nil {
				t.Errorf("%s, %s: %v", name, carrier, err)
				continue
			}
			if diff := cmp.Diff(&c, got); diff != "" {
				t.Errorf("%s, %s (-want +got):\n%s", name, carrier, diff)
			}
		}
	}
}

// TestTextOfACheckpoint pins the form that auditors keep. A change here is a new
// title, never a new expectation.
func TestTextOfACheckpoint(t *testing.T) {
	want := `meterd checkpoint 1
time 2026-11-22T05:30:00Z
head 1042:0102000000000000000000000000000000000000000000000000000000000000
head 3/7:0000000000000000000000000000000000000000000000000000000000000009
key ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c
signature `
	if text := string(Sign(sample, private)); !strings.HasPrefix(text, want) || strings.Count(text, "\n") != 6 {
		t.Errorf("%s\nwant\n%s", text, want)
	}
}

// TestAChangedCheckpointIsRefused flips each bit of one.
func TestAChangedCheckpointIsRefused(t *testing.T) {
	text := Sign(sample, private)
	for bit := range 8 * (len(text) - 1) {
		flipped := bytes.Clone(text)
		flipped[bit/8] ^= 1 << (bit % 8)
		got, err := Parse(flipped)
		if err == nil && !bytes.Equal(got.lines(), sample.lines()) {
			t.Fatalf("with bit %d flipped it reads\n%s", bit, got.lines())
		}
		if err != nil && !errors.Is(err, ErrForm) && !errors.Is(err, ErrSignature) {
			t.Errorf("bit %d: %v", bit, err)
		}
	}
}

func TestOthersMayNotSign(t *testing.T) {
	other := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{8}, ed25519.SeedSize))
	lines, _, _ := strings.Cut(string(Sign(sample, private)), "signature ")
	_, signature, _ := strings.Cut(string(Sign(sample, other)), "signature ")
	if _, err := Parse([]byte(lines + "signature " + signature)); !errors.Is(err, ErrSignature) {
		t.Errorf("another's signature: %v", err)
	}
}

func TestWhatIsNoCheckpoint(t *testing.T) {
	text := string(Sign(sample, private))
	for name, wrong := range map[string]string{
		"nothing":     "",
		"cut":         text[:len(text)-3],
		"headless":    strings.TrimPrefix(text, title+"\n"),
		"newer":       strings.Replace(text, "checkpoint 1", "checkpoint 2", 1),
		"with a word": strings.Replace(text, "key ", "word x\nkey ", 1),
		"blank":       strings.Replace(text, "time ", "time  ", 1),
		"other order": strings.Replace(text, "time 2026-11-22T05:30:00Z\n", "", 1) + "time 2026-11-22T05:30:00Z\n",
		"no key":      text[:strings.Index(text, "key ")] + text[strings.Index(text, "signature "):],
	} {
		if c, err := Parse([]byte(wrong)); !errors.Is(err, ErrForm) {
			t.Errorf("%s: %v, %v", name, c, err)
		}
	}
}

func TestKeysComeBack(t *testing.T) {
	text, err := FormatPrivate(private)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := ParsePrivate(text); err != nil || !got.Equal(private) {
		t.Errorf("the private key: %v", err)
	}
	if text, err = FormatPublic(public); err != nil {
		t.Fatal(err)
	}
	if got, err := ParsePublic(text); err != nil || !got.Equal(public) {
		t.Errorf("the public key: %v", err)
	}
	for _, wrong := range [][]byte{nil, []byte("x"), []byte("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")} {
		if _, err := ParsePublic(wrong); err == nil {
			t.Errorf("%q is a public key", wrong)
		}
		if _, err := ParsePrivate(wrong); err == nil {
			t.Errorf("%q is a private key", wrong)
		}
	}
}
