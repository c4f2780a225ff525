package crashtest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// flipsPerFile is how many bits are flipped in each file of a ledger.
const flipsPerFile = 4

// killed makes a ledger and kills its service under load.
func killed(t *testing.T) (data string) {
	t.Helper()
	c := &crash{
		model: newModel(), random: rand.New(rand.NewPCG(1, 1)),
		data: filepath.Join(t.TempDir(), "data"), catalog: writeCatalog(t, 1, "status: active"),
	}
	for range 2 { // so that there are tables, and a log
		p := c.open(t)
		c.loadUntilKilled(p, 0)
	}
	return c.data
}

// run runs a command of the binary over a data directory.
func run(t *testing.T, command, data string, flags ...string) (text string, ok bool) {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(path, append([]string{command, "--data", data}, flags...)...).CombinedOutput()
	return string(out), err == nil
}

// TestCheckFindsAFlippedByte flips bits of the files that a killed service left,
// and has `meterd check` look: it ends with 1 and says what is wrong, or not a
// single record is another.
func TestCheckFindsAFlippedByte(t *testing.T) {
	data := killed(t)
	sound := filepath.Join(t.TempDir(), "sound")
	copyData(t, data, sound)
	if text, ok := run(t, "check", sound); !ok {
		t.Fatalf("before a flip: %s", text)
	}
	records, _ := run(t, "records", sound, "--output", "ndjson")
	random := rand.New(rand.NewPCG(2, 2))
	files, err := os.ReadDir(filepath.Join(data, "ledger"))
	if err != nil {
		t.Fatal(err)
	}
	found, idle := 0, 0
	for _, file := range files {
		info, err := file.Info()
		if err != nil || info.Size() == 0 {
			continue
		}
		for range flipsPerFile {
			at := random.Int64N(info.Size())
			copied := filepath.Join(t.TempDir(), "flipped")
			copyData(t, data, copied)
			flipByte(t, filepath.Join(copied, "ledger", file.Name()), at)
			what := fmt.Sprintf("byte %d of %s", at, file.Name())
			text, ok := run(t, "check", copied)
			if ok {
				idle++
				if now, _ := run(t, "records", copied, "--output", "ndjson"); now != records {
					t.Errorf("%s: check finds nothing, and records are others", what)
				}
			} else {
				found++
				t.Logf("%s: %s", what, text)
			}
			if strings.HasSuffix(file.Name(), ".log") && (ok || !strings.Contains(text, "call ")) {
				t.Errorf("%s: check finds no call that is broken: %s", what, text)
			}
		}
	}
	t.Logf("%d flips were found, %d changed nothing", found, idle)
}

func copyData(t *testing.T, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}

func flipByte(t *testing.T, path string, at int64) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[at] ^= 0x10
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}
