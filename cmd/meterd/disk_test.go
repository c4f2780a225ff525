package main

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/meterd/meterd/internal/admin"
	"github.com/meterd/meterd/internal/notrun"
)

// smallDisk is a real meterd whose data directory is a file system of 64 MiB that
// nobody else sees.
type smallDisk struct {
	*process
	api, admin string
	// files is where the disk can be reached from outside.
	files string
}

func onSmallDisk(t *testing.T) *smallDisk {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir, log := t.TempDir(), filepath.Join(t.TempDir(), "log")
	// The process that mounts becomes the meterd, so that the mount ends with it.
	const mount = `mount -t tmpfs -o size=64m small "$0" && exec "$@"`
	if out, err := exec.Command("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, dir, "true").CombinedOutput(); err != nil {
		notrun.Skip(t, "a small disk cannot be mounted (Linux, util-linux, and leave to make user namespaces): %v %s", err, out)
	}
	p, err := begin(exec.Command("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, dir,
		self, "dev", "--data", filepath.Join(dir, "data"), "--listen", "127.0.0.1:0"),
		t.TempDir(), log, []string{"HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Process.Kill()
		p.wait()
	})
	d := &smallDisk{process: p, files: filepath.Join("/proc", fmt.Sprint(p.Process.Pid), "root", dir)}
	if _, d.api, d.admin, err = p.awaitReady(); err != nil {
		t.Fatal(err)
	}
	return d
}

// leave fills the disk but for so many bytes.
func (d *smallDisk) leave(t *testing.T, free uint64) {
	t.Helper()
	var disk syscall.Statfs_t
	if err := syscall.Statfs(d.files, &disk); err != nil {
		t.Fatal(err)
	}
	take := int64(disk.Bavail*uint64(disk.Bsize)) - int64(free)
	if take <= 0 {
		t.Fatalf("only %d bytes are free", disk.Bavail*uint64(disk.Bsize))
	}
	if err := os.WriteFile(filepath.Join(d.files, fmt.Sprint("filler", free)), make([]byte, take), 0o600); err != nil {
		t.Fatal(err)
	}
}

// makeRoom removes what leave has written.
func (d *smallDisk) makeRoom(t *testing.T) {
	t.Helper()
	fillers, err := filepath.Glob(filepath.Join(d.files, "filler*"))
	if err != nil || len(fillers) == 0 {
		t.Fatalf("%d fillers, %v", len(fillers), err)
	}
	for _, filler := range fillers {
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
	}
}

// post calls an operation of the demo marketplace with an API key.
func (d *smallDisk) post(t *testing.T, operation, body string) (status int, text string) {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, d.api, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "meterd-demo-api-key")
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Amz-Target", "AWSMPMeteringService."+operation)
	return exchange(t, http.DefaultClient, r)
}

// TestFullDisk fills the disk of a running service, and makes room again.
func TestFullDisk(t *testing.T) {
	d := onSmallDisk(t)
	_, minted := d.operator(t, http.MethodPost, "token", `{"product":"demo-saas","customer":"cust-active"}`)
	_, rest, _ := strings.Cut(minted, `"token": "`)
	registrationToken, _, _ := strings.Cut(rest, `"`)
	meter := func(quantity int) (int, string) {
		return d.post(t, "BatchMeterUsage", fmt.Sprintf(
			`{"ProductCode":"demo-saas","UsageRecords":[{"Timestamp":%q,"CustomerIdentifier":"cust-active","Dimension":"users","Quantity":%d}]}`,
			time.Now().UTC().Format(time.RFC3339), quantity))
	}
	resolve := func() (int, string) {
		return d.post(t, "ResolveCustomer", fmt.Sprintf(`{"RegistrationToken":%q}`, registrationToken))
	}
	type answers struct{ meter, resolve, ready, records int }
	ask := func(when string, want answers) {
		t.Helper()
		var got answers
		var metered, resolved, ready string
		got.meter, metered = meter(7)
		got.resolve, resolved = resolve()
		got.ready, ready = d.operator(t, http.MethodGet, "ready", "")
		got.records, _ = d.operator(t, http.MethodGet, "records", "")
		if got != want {
			t.Errorf("%s: answered %+v, want %+v\n%s\n%s\n%s", when, got, want, metered, resolved, ready)
		}
		_, metrics := d.operator(t, http.MethodGet, "metrics", "")
		stopped := `meterd_store_stopped{reason=""} 0`
		if want.ready != http.StatusOK {
			stopped = `meterd_store_stopped{reason="disk full"} 1`
			if !strings.Contains(ready, "nearly full") || !strings.Contains(ready, "make room") {
				t.Errorf("%s: ready says %s", when, ready)
			}
		}
		if !strings.Contains(metrics, stopped) {
			t.Errorf("%s: the metrics lack %s", when, stopped)
		}
	}
	ask("with room", answers{200, 200, 200, 200})
	d.leave(t, 4<<20)
	ask("with little room", answers{500, 200, 503, 200})
	d.leave(t, 0)
	ask("without room", answers{500, 500, 503, 200})
	d.makeRoom(t)
	ask("with room again", answers{200, 200, 200, 200})
	d.Process.Signal(syscall.SIGTERM)
	if code := d.wait(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
}

func (d *smallDisk) operator(t *testing.T, method, path, body string) (status int, text string) {
	t.Helper()
	r, err := http.NewRequest(method, d.admin+admin.Prefix+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	return exchange(t, http.DefaultClient, r)
}
