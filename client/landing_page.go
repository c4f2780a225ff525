package client

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
)

// page is what a buyer reads.
type page struct{ Title, Text string }

const again = "Please go to AWS Marketplace, open Manage subscriptions, choose the product and press “Set up your account” again."

var (
	pageStart   = page{"Please start at AWS Marketplace", "This page sets up an account for a subscription and is reached from AWS Marketplace only. " + again}
	pageExpired = page{"This link has expired", "A link to set up an account is good for a few hours. " + again}
	pageInvalid = page{"This link does not work", "It may be incomplete, or made for another product. " + again}
	pageTrouble = page{"We could not set up your account just now", "The trouble is on our side, and your subscription is safe. Please try again in a few minutes: reload this page, or press “Set up your account” in AWS Marketplace again."}
	pageDone    = page{"Your account is set up", "Thank you. You can close this page."}
)

//go:embed landing.html
var landingSource string

var landingTemplate = template.Must(template.New("landing").Parse(landingSource))

func (l *landing) show(w http.ResponseWriter, status int, p page) {
	var b bytes.Buffer
	if err := landingTemplate.Execute(&b, map[string]any{"Page": p, "Product": l.Product, "Contact": l.Contact}); err != nil {
		l.Logger.Error("rendering landing page", "err", err)
	}
	keepPrivate(w.Header())
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // a browser that left needs no page
}

// keepPrivate keeps an answer to a token, and the token itself, from caches and
// from the sites that a page leads to.
func keepPrivate(h http.Header) {
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
}
