package plan

import (
	"slices"
	"time"

	"github.com/meterd/meterd/internal/metering"
	"github.com/meterd/meterd/internal/mistake"
)

// plan reads the whole file.
func (r *reader) plan(f fields) *Plan {
	p := withDefaults()
	p.Data = f.get("data").text()
	if listen := f.get("listen").text(); listen != "" {
		p.Listen = listen
	}
	p.Token = r.secret(f.get("tokenFile"))
	p.Clock = f.get("clock").clock()
	p.Settle = f.get("settle").settle()
	p.DryRun = f.get("dryRun").truth()
	p.Services = r.services(f.get("services"))
	p.Products = r.products(f.get("products"), p.Services)
	p.DoNotMeter = map[string]bool{}
	for _, n := range f.get("doNotMeter").items() {
		p.DoNotMeter[n.required("a customer identifier or an AWS account")] = true
	}
	p.Alerts = r.alerts(f.get("alerts").fields("webhook", "webhookFile", "deadline", "stalled", "silent"))
	return p
}

func (n node) clock() string {
	text := n.text()
	switch {
	case text == "":
		return ClockAuto
	case text != ClockAuto && text != ClockMachine && !isURL(text):
		n.mistake("%s is no clock; write auto, machine, or the URL of a meterd's admin surface", mistake.Shown(text))
	}
	return text
}

func (n node) settle() time.Duration {
	d := n.duration(DefaultSettle)
	if d > SettleMax {
		n.mistake("%s is too long: %s", mistake.Shown(n.text()), SettleWhy)
	}
	return d
}

func (r *reader) alerts(f fields) Alerts {
	a := Alerts{
		Webhook:  f.get("webhook").address(),
		Deadline: f.get("deadline").duration(DefaultDeadlineAlert),
		Stalled:  f.get("stalled").duration(DefaultStalledAlert),
		Silent:   f.get("silent").duration(0),
	}
	if file := f.get("webhookFile"); file.there() {
		if a.Webhook != "" {
			file.mistake("webhook is there already; keep one of them")
		}
		a.Webhook = r.secret(file)
		if a.Webhook != "" && !isURL(a.Webhook) {
			file.mistake("the file does not hold a URL such as https://host/path")
		}
	}
	return a
}

// services reads where records go. Without any there is AWS, as the environment
// has it.
func (r *reader) services(n node) []Service {
	if !n.there() {
		return []Service{{Name: defaultService}}
	}
	var list []Service
	for _, item := range n.items() {
		f := item.fields("name", "endpoint", "region", "profile", "apiKeyFile", "callsPerSecond")
		s := Service{
			Name:     f.get("name").required("a name for products to choose it by"),
			Endpoint: f.get("endpoint").address(),
			Region:   f.get("region").text(),
			Profile:  f.get("profile").text(),
			APIKey:   r.secret(f.get("apiKeyFile")),
			Rate:     float64(f.get("callsPerSecond").whole(0, 1)),
		}
		if slices.ContainsFunc(list, func(other Service) bool { return other.Name == s.Name }) {
			f.get("name").mistake("%s stands above already; write each service once", mistake.Shown(s.Name))
		}
		if s.APIKey != "" && s.Endpoint == "" {
			f.get("apiKeyFile").mistake("AWS knows signatures only; an API key needs the endpoint of a meterd")
		}
		list = append(list, s)
	}
	return list
}

const defaultService = "default"

func (r *reader) products(n node, services []Service) []Product {
	items := n.items()
	if len(items) == 0 {
		n.mistake("missing; write a list of what is metered, such as - code: your-product-code")
	}
	var list []Product
	for _, item := range items {
		p := r.product(item.fields("code", "service", "dimensions", "zeroUsage", "heartbeats"), services)
		if slices.ContainsFunc(list, func(other Product) bool { return other.Code == p.Code }) {
			item.mistake("product %s stands above already; write each once", mistake.Shown(string(p.Code)))
		}
		list = append(list, p)
	}
	return list
}

func (r *reader) product(f fields, services []Service) Product {
	p := Product{
		Code:      metering.ProductCode(f.get("code").required("a product code")),
		Service:   f.get("service").text(),
		ZeroUsage: f.get("zeroUsage").truth(),
	}
	p.checkService(f.get("service"), services)
	for _, item := range f.get("dimensions").items() {
		p.Dimensions = append(p.Dimensions, readDimension(item, &p))
	}
	for _, item := range f.get("heartbeats").items() {
		p.Heartbeats = append(p.Heartbeats, readHeartbeat(item, &p))
	}
	return p
}

// checkService finds out the service of a product, which may be left out if
// there is one only.
func (p *Product) checkService(n node, services []Service) {
	if p.Service == "" && len(services) == 1 {
		p.Service = services[0].Name
		return
	}
	names := make([]string, len(services))
	for i := range services {
		names[i] = services[i].Name
	}
	if !slices.Contains(names, p.Service) {
		n.mistake("%s is none of the services %v; name the one that takes this product's records", mistake.Shown(p.Service), names)
	}
}

func readHeartbeat(n node, p *Product) Heartbeat {
	f := n.fields("customer", "licenseArn", "dimension", "quantity")
	h := Heartbeat{
		Customer:  f.get("customer").required("a customer identifier or an AWS account"),
		License:   f.get("licenseArn").text(),
		Dimension: f.get("dimension").required("a dimension's key or a metric's name"),
		Quantity:  f.get("quantity").whole(1, 0),
	}
	if _, _, refusal := p.convert(h.Dimension, h.Quantity); refusal != nil {
		f.get("dimension").mistake("%s", refusal.Detail)
	}
	return h
}
