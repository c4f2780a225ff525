package catalog

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/goccy/go-yaml/ast"

	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/metering"
	"github.com/meterd/meterd/internal/mistake"
)

var (
	buyerKeys     = keys{names: []string{"account", "customerIdentifier", "credentials", "agreements"}}
	agreementKeys = keys{names: []string{"product", "offer", "licenseArn", "status", "start", "end", "freeTrial", "tokens"}}
	tokenKeys     = keys{names: []string{"value", "mintedAt"}, besideSecrets: true}
)

func (r *reader) buyer(v value) marketplace.Buyer {
	o, ok := v.object(buyerKeys)
	if !ok {
		return marketplace.Buyer{}
	}
	b := marketplace.Buyer{
		Account:            required[metering.AccountID](o, "account", account),
		CustomerIdentifier: optional[metering.CustomerID](o, "customerIdentifier", customer),
	}
	o.at("account").once("buyer account", string(b.Account))
	o.at("customerIdentifier").once("customerIdentifier", string(b.CustomerIdentifier))
	b.Credentials = each(o, "credentials", func(v value) marketplace.Credential { return credential(v, b.Account) })
	of := map[metering.ProductCode]int{}
	b.Agreements = each(o, "agreements", func(v value) marketplace.Agreement {
		a := r.agreement(v, b.Account, of)
		of[a.Product]++
		return a
	})
	return b
}

// agreement reads one of a buyer's agreements. before counts those that the
// buyer has of each product already.
func (r *reader) agreement(v value, buyer metering.AccountID, before map[metering.ProductCode]int) marketplace.Agreement {
	o, ok := v.object(agreementKeys)
	if !ok {
		return marketplace.Agreement{}
	}
	a := marketplace.Agreement{
		Product:    required[metering.ProductCode](o, "product", productCode),
		Offer:      optional[string](o, "offer", free),
		LicenseArn: optional[metering.LicenseARN](o, "licenseArn", licenseARN),
		Status:     required[marketplace.Status](o, "status", status),
	}
	a.FreeTrial, _ = o.truth("freeTrial")
	readTerm(o, &a)
	product, known := r.products[a.Product]
	switch {
	case !known:
		r.unknownProduct(o, a.Product)
	case !o.has("licenseArn"):
		a.LicenseArn = derivedLicense(product.seller, a.Product, buyer, before[a.Product])
	}
	o.at("licenseArn").once("licenseArn", string(a.LicenseArn))
	r.readTokens(o, a.LicenseArn, product.kind)
	return a
}

// readTerm reads when an agreement is in force.
func readTerm(o object, a *marketplace.Agreement) {
	if !o.has("start") {
		o.missing("start", timeHint)
	}
	a.Start, a.End = o.time("start"), o.time("end")
	switch {
	case a.Status == marketplace.Ended && !o.has("end"):
		o.at("status").mistake("an ended agreement needs an end; add end, when it was over")
	case !a.Start.IsZero() && !a.End.IsZero() && !a.End.After(a.Start):
		o.at("end").mistake("%q is not after start, %q; correct one of them", formatTime(a.End), formatTime(a.Start))
	}
}

func (r *reader) unknownProduct(o object, code metering.ProductCode) {
	if code == "" {
		return // it was wrong or missing
	}
	// Looking for the nearest is dear when there are many of both.
	if near := nearest(code, r.codes[:min(len(r.codes), mistake.Max)]); near != "" && r.errors.Omitted == 0 {
		o.at("product").mistake("%s is no product that a seller of this catalog lists; did you mean %s?", mistake.Shown(string(code)), near)
		return
	}
	o.at("product").mistake("%s is no product that a seller of this catalog lists; add it there, or correct the code", mistake.Shown(string(code)))
}

// derivedLicense is the licence of an agreement that states none. It depends
// on the product, the buyer and how many agreements on that product stand
// before it with that buyer, so that a catalog that is read again, or to which
// agreements are appended, names the same licences.
func derivedLicense(seller metering.AccountID, product metering.ProductCode, buyer metering.AccountID, index int) metering.LicenseARN {
	if seller == "" || buyer == "" {
		return "" // they were wrong or missing
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%d", product, buyer, index))
	return metering.LicenseARN("arn:aws:license-manager::" + string(seller) + ":license:l-" + hex.EncodeToString(sum[:16]))
}

// readTokens reads the registration tokens of an agreement.
func (r *reader) readTokens(o object, license metering.LicenseARN, k marketplace.Kind) {
	tokens := each(o, "tokens", func(v value) marketplace.Token { return r.token(v, license) })
	if len(tokens) > 0 && k != "" && k != marketplace.SaaS {
		o.at("tokens").mistake("only buyers of saas products register with a token, this product is of kind %s; remove them", k)
	}
	r.tokens = append(r.tokens, tokens...)
}

// token reads a registration token: its value alone, or a mapping that also
// says when it was minted.
func (r *reader) token(v value, license metering.LicenseARN) marketplace.Token {
	t := marketplace.Token{LicenseArn: license, Minted: r.options.Now.UTC()}
	if _, ok := v.node.(*ast.MappingNode); !ok {
		t.Value = v.text(registration)
		v.secretOnce("registration token", t.Value)
		return t
	}
	o, ok := v.object(tokenKeys)
	if !ok {
		return t
	}
	t.Value = required[string](o, "value", registration)
	o.at("value").secretOnce("registration token", t.Value)
	if o.has("mintedAt") {
		t.Minted = o.time("mintedAt")
	}
	return t
}
