package pgtest

import (
	"strconv"
	"testing"
)

// Standby starts a standby that streams from the cluster under a name that
// synchronous_standby_names can use.
func (c *Cluster) Standby(t testing.TB, name string) *Cluster {
	t.Helper()
	standby, err := newCluster(c.settings)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(standby.remove)
	err = standby.run("pg_basebackup", "-D", standby.data(), "-R", "-X", "stream", "-c", "fast", "--no-sync",
		"-d", "host=127.0.0.1 port="+strconv.Itoa(c.port)+" user="+superuser+" application_name="+name)
	if err == nil {
		err = standby.boot()
	}
	if err != nil {
		t.Fatal(err)
	}
	return standby
}

// Promote makes a standby the primary.
func (c *Cluster) Promote(t testing.TB) {
	t.Helper()
	if err := c.Exec(t.Context(), "SELECT pg_promote()"); err != nil {
		t.Fatal(err)
	}
}
