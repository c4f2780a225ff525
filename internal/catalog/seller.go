package catalog

import (
	"cmp"

	"github.com/goccy/go-yaml/ast"

	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/metering"
)

var (
	sellerKeys    = keys{names: []string{"account", "credentials", "products"}}
	productKeys   = keys{names: []string{"code", "title", "kind", "mode", "dimensions", "registrationUrl", "regions", "publicKeys"}}
	dimensionKeys = keys{names: []string{"key", "unit", "price"}}
)

func (r *reader) seller(v value) marketplace.Seller {
	o, ok := v.object(sellerKeys)
	if !ok {
		return marketplace.Seller{}
	}
	owner := required[metering.AccountID](o, "account", account)
	o.at("account").once("seller account", string(owner))
	return marketplace.Seller{
		Account:     owner,
		Credentials: each(o, "credentials", func(v value) marketplace.Credential { return credential(v, owner) }),
		Products:    each(o, "products", func(v value) marketplace.Product { return r.product(v, owner) }),
	}
}

func (r *reader) product(v value, seller metering.AccountID) marketplace.Product {
	o, ok := v.object(productKeys)
	if !ok {
		return marketplace.Product{}
	}
	p := marketplace.Product{
		Code:            required[metering.ProductCode](o, "code", productCode),
		Title:           optional[string](o, "title", free),
		Kind:            required[marketplace.Kind](o, "kind", kind),
		Dimensions:      each(o, "dimensions", func(v value) marketplace.Dimension { return dimension(v, o.path) }),
		RegistrationURL: optional[string](o, "registrationUrl", registrationURL),
		Regions:         enabledRegions(o),
		PublicKeys:      publicKeys(o),
	}
	p.Mode = productMode(o, p.Kind)
	o.at("code").once("product code", string(p.Code))
	r.list(p.Code, listed{seller, p.Kind})
	return p
}

// list lets agreements be on a product, also when something else is wrong
// with it.
func (r *reader) list(code metering.ProductCode, product listed) {
	if _, ok := r.products[code]; ok || code == "" {
		return
	}
	r.products[code] = product
	r.codes = append(r.codes, code)
}

// productMode: legacy is the default, since products of that mode work under
// every profile.
func productMode(o object, k marketplace.Kind) marketplace.Mode {
	m := optional[marketplace.Mode](o, "mode", mode)
	switch {
	case k == marketplace.SaaS:
		return cmp.Or(m, marketplace.Legacy)
	case k != "" && o.has("mode"):
		o.at("mode").mistake("only saas products have a mode, this one is of kind %s; remove it", k)
	}
	return ""
}

func dimension(v value, productPath string) marketplace.Dimension {
	o, ok := v.object(dimensionKeys)
	if !ok {
		return marketplace.Dimension{}
	}
	d := marketplace.Dimension{
		Key:   required[metering.Dimension](o, "key", dimensionKey),
		Unit:  optional[string](o, "unit", free),
		Price: optional[string](o, "price", price),
	}
	o.at("key").onceWithin(productPath, "dimension key", string(d.Key))
	return d
}

func enabledRegions(o object) []metering.Region {
	list := texts[metering.Region](o, "regions", region)
	if empty, ok := o.at("regions").node.(*ast.SequenceNode); ok && len(empty.Values) == 0 {
		o.at("regions").mistake("the list is empty; leave it out if the product is enabled in every Region")
	}
	return list
}
