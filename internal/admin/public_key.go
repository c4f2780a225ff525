package admin

import (
	"net/http"
	"strconv"

	"github.com/meterd/meterd/internal/metering"
)

// publicKey answers in PEM, so that it can be piped into a file.
func (a *Admin) publicKey(w http.ResponseWriter, r *http.Request) {
	query, err := queryOf(r, "product", "version")
	if err != nil {
		a.fail(w, err)
		return
	}
	product := metering.ProductCode(query["product"])
	version, err := parseVersion(query["version"])
	if err != nil {
		a.fail(w, err)
		return
	}
	listing := a.ledger.Market().Product(product)
	if listing == nil {
		a.fail(w, refuse(http.StatusNotFound, "product: %q is unknown", product))
		return
	}
	if _, ok := listing.PublicKey(version); version != 0 && !ok {
		a.fail(w, refuse(http.StatusNotFound, "version: product %s has no key of version %d; its newest is %d", product, version, listing.NewestKey().Version))
		return
	}
	pem, err := a.ledger.PublicKey(r.Context(), product, version)
	if err != nil {
		a.fail(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/x-pem-file")
	_, _ = w.Write(pem)
}

// parseVersion reads a key version; none asks for the newest.
func parseVersion(s string) (int64, error) {
	if s == "" {
		return 0, nil
	}
	version, err := strconv.ParseInt(s, 10, 64)
	if err != nil || version < 1 {
		return 0, refuse(http.StatusBadRequest, "version: %q is not a whole number of 1 or more", s)
	}
	return version, nil
}
