package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/meterd/meterd/internal/marketplace"
)

const (
	// shownProductsMax and shownBuyersMax keep the tour of a large catalog on
	// one screen.
	shownProductsMax = 6
	shownBuyersMax   = 10
)

func (t *tour) print(w io.Writer) {
	t.printCredentials(w)
	t.printProducts(w)
	t.printBuyers(w)
	t.printTokens(w)
	t.printCommands(w)
}

func (t *tour) printCredentials(w io.Writer) {
	fmt.Fprintf(w, "\nFor AWS clients:\n  export AWS_ENDPOINT_URL_MARKETPLACE_METERING=%s\n", t.url)
	if t.key.AccessKeyID != "" {
		fmt.Fprintf(w, "  export AWS_ACCESS_KEY_ID=%s AWS_SECRET_ACCESS_KEY=%s\n", quote(t.key.AccessKeyID), quote(t.key.SecretAccessKey))
	}
	if t.key.SessionToken != "" {
		fmt.Fprintf(w, "  export AWS_SESSION_TOKEN=%s\n", quote(t.key.SessionToken))
	}
	fmt.Fprintf(w, "  export AWS_REGION=%s AWS_DEFAULT_REGION=%[1]s\n", t.market.Settings.Region)
	if t.adminToken != "" {
		fmt.Fprintf(w, "For the admin surface:\n  export METERD_ADMIN_TOKEN=%s\n", quote(t.adminToken))
	}
}

func (t *tour) printProducts(w io.Writer) {
	fmt.Fprintln(w)
	rows := newTable(w, "PRODUCT", "KIND", "MODE", "DIMENSIONS")
	n := 0
	for _, s := range t.market.Sellers {
		for _, p := range s.Products {
			if n++; n <= shownProductsMax {
				rows.row(string(p.Code), string(p.Kind), string(p.Mode), dimensionList(p.Dimensions))
			}
		}
	}
	// A screen that cannot be written to is no reason not to serve.
	_ = rows.end()
	printOmitted(w, n-shownProductsMax)
}

func (t *tour) printBuyers(w io.Writer) {
	fmt.Fprintln(w)
	rows := newTable(w, "CUSTOMER", "ACCOUNT", "STATE", "PRODUCTS OR LICENCE")
	lines := 0
	for _, b := range t.market.Buyers {
		for _, line := range t.buyerLines(b) {
			if lines++; lines <= shownBuyersMax {
				rows.row(string(b.CustomerIdentifier), string(b.Account), line.state, strings.Join(line.on, ", "))
			}
		}
	}
	_ = rows.end()
	printOmitted(w, lines-shownBuyersMax)
}

func printOmitted(w io.Writer, n int) {
	if n > 0 {
		fmt.Fprintf(w, "… and %d more\n", n)
	}
}

// buyerLine is the agreements of a buyer that stand alike.
type buyerLine struct {
	state string
	on    []string
}

// buyerLines sums up a buyer's agreements: products that are addressed by
// their code share a line, a licence has its own.
func (t *tour) buyerLines(b marketplace.Buyer) []buyerLine {
	var lines []buyerLine
	shared := map[string]int{}
	for i := range b.Agreements {
		a := &b.Agreements[i]
		state := agreementState(a, t.now, t.market.Profile.FinalHour)
		if t.market.Product(a.Product).Mode == marketplace.Concurrent {
			lines = append(lines, buyerLine{state, []string{string(a.LicenseArn)}})
			continue
		}
		at, ok := shared[state]
		if !ok {
			at = len(lines)
			shared[state] = at
			lines = append(lines, buyerLine{state: state})
		}
		lines[at].on = append(lines[at].on, string(a.Product))
	}
	if len(lines) == 0 {
		lines = []buyerLine{{state: "no agreement"}}
	}
	return lines
}

// agreementState says in a few words how an agreement stands at a time.
func agreementState(a *marketplace.Agreement, now time.Time, finalHour time.Duration) string {
	switch {
	case a.Status != marketplace.Active && a.Status != marketplace.Ended:
		return string(a.Status)
	case now.Before(a.Start):
		return "from " + a.Start.UTC().Format(time.DateOnly)
	case a.TakesUsageAt(now, 0):
		return "active"
	case a.TakesUsageAt(now, finalHour):
		return "final hour, to " + a.End.Add(finalHour).UTC().Format("15:04Z")
	}
	return string(marketplace.Ended)
}

func dimensionList(list []marketplace.Dimension) string {
	var keys []string
	for _, d := range list {
		keys = append(keys, string(d.Key))
	}
	return strings.Join(keys, ", ")
}

func (t *tour) printTokens(w io.Writer) {
	if len(t.tokens) == 0 {
		return
	}
	life := strings.TrimSuffix(strings.TrimSuffix(t.market.Profile.RegistrationTokenLife.String(), "0s"), "0m")
	fmt.Fprintf(w, "\nRegistration tokens, for %s:\n", life)
	for _, token := range t.tokens {
		fmt.Fprintf(w, "  %s (%s)  %s\n", token.product, token.mode, token.Value)
	}
}

func (t *tour) printCommands(w io.Writer) {
	fmt.Fprintln(w, "\nTry:")
	for _, line := range t.commands() {
		fmt.Fprintf(w, "  %s\n", line)
	}
}
