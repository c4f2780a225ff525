package sellertest

import (
	"net/http"
	"testing"

	"github.com/meterd/meterd/internal/admin"
	"github.com/meterd/meterd/internal/clock"
	"github.com/meterd/meterd/internal/ledger"
	"github.com/meterd/meterd/internal/store/memstore"
)

// marketplaceFile is the catalog of all stages.
const marketplaceFile = "testdata/marketplace.yaml"

// newTower makes a clock stand still, and tells its time as a meterd does that
// never dies. Agents follow it, so that they know the time while the service is
// down.
func newTower(t *testing.T, c *clock.Clock) http.Handler {
	t.Helper()
	if err := c.Scale(0); err != nil {
		t.Fatal(err)
	}
	l, err := ledger.Open(t.Context(), ledger.Config{Store: memstore.New(), Clock: c})
	if err != nil {
		t.Fatal(err)
	}
	return admin.New(admin.Config{Ledger: l})
}
