package sellertest

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var (
	firstSeed = flag.Uint64("seed", 1, "seed of the first world")
	rounds    = flag.Int("rounds", 30, "rounds of TestCrash")
	worlds    = flag.Int("worlds", 20, "worlds of TestSimulation")
)

// TestMain keeps the AWS configuration of this machine out of the tests.
func TestMain(m *testing.M) {
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "AWS_") {
			os.Unsetenv(name)
		}
	}
	os.Setenv("AWS_CONFIG_FILE", os.DevNull)
	os.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
	os.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	flag.Parse()
	// Worlds wait for clocks and disks most of the time, not for processors.
	flag.Set("test.parallel", fmt.Sprint(worldsAtOnce))
	code := m.Run()
	if binary != "" {
		os.RemoveAll(filepath.Dir(binary)) // Left behind it does no harm.
	}
	os.Exit(code)
}
