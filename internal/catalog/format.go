package catalog

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/metering"
)

const exportHeader = "# Written by meterd catalog export. It holds every secret of the marketplace.\n"

// Format writes a state as a catalog that [Parse] reads back to an equal one,
// with the tokens in the order of their agreements. It refuses a state that no
// catalog can hold.
func Format(s marketplace.State) ([]byte, error) {
	tokens, err := tokensByLicense(s)
	if err != nil {
		return nil, err
	}
	w := writer{bytes.NewBufferString(exportHeader)}
	w.block(0, block{
		{"region", s.Settings.Region},
		{"profile", s.Settings.Profile},
		{"switches", switchBlock(s.Settings.Switches)},
		{"sellers", blocks(s.Sellers, sellerBlock)},
		{"buyers", blocks(s.Buyers, func(b marketplace.Buyer) block { return buyerBlock(b, tokens) })},
	})
	if w.Len() == len(exportHeader) {
		w.WriteString("sellers: []\n") // A catalog is never empty, a marketplace may be.
	}
	source := w.Bytes()
	// An export that cannot be read again is a trap, so it is read now.
	if _, err := Parse(source, Options{File: "export"}); err != nil {
		return nil, fmt.Errorf("writing a marketplace that no catalog can hold: %w", err)
	}
	return source, nil
}

func tokensByLicense(s marketplace.State) (map[metering.LicenseARN][]marketplace.Token, error) {
	tokens := map[metering.LicenseARN][]marketplace.Token{}
	for _, b := range s.Buyers {
		for _, a := range b.Agreements {
			tokens[a.LicenseArn] = nil
		}
	}
	for _, t := range s.Tokens {
		if _, ok := tokens[t.LicenseArn]; !ok {
			return nil, fmt.Errorf("writing a registration token of licence %s, which no agreement has", t.LicenseArn)
		}
		tokens[t.LicenseArn] = append(tokens[t.LicenseArn], t)
	}
	return tokens, nil
}

func blocks[T any](list []T, write func(T) block) []block {
	var written []block
	for _, x := range list {
		written = append(written, write(x))
	}
	return written
}

func switchBlock(switches map[string]string) block {
	var b block
	for _, name := range slices.Sorted(maps.Keys(switches)) {
		b = append(b, field{name, switches[name]})
	}
	return b
}

func sellerBlock(s marketplace.Seller) block {
	return block{
		{"account", s.Account},
		{"credentials", blocks(s.Credentials, credentialBlock)},
		{"products", blocks(s.Products, productBlock)},
	}
}

func productBlock(p marketplace.Product) block {
	return block{
		{"code", p.Code},
		{"title", p.Title},
		{"kind", p.Kind},
		{"mode", p.Mode},
		{"dimensions", blocks(p.Dimensions, func(d marketplace.Dimension) block {
			return block{{"key", d.Key}, {"unit", d.Unit}, {"price", d.Price}}
		})},
		{"registrationUrl", p.RegistrationURL},
		{"regions", p.Regions},
		{"publicKeys", blocks(p.PublicKeys, func(k marketplace.PublicKey) block {
			return block{{"version", k.Version}, {"privateKey", k.PrivateKey}, {"rotatedAt", k.RotatedAt}}
		})},
	}
}

func credentialBlock(c marketplace.Credential) block {
	return block{
		{"accessKeyId", c.AccessKeyID},
		{"secretAccessKey", c.SecretAccessKey},
		{"sessionToken", c.SessionToken},
		{"expiresAt", c.ExpiresAt},
		{"apiKey", c.APIKey},
		{"anonymous", c.Anonymous},
		{"user", c.User},
		{"role", c.Role},
		{"session", c.Session},
		{"platform", c.Platform},
		{"resource", c.Resource},
		{"region", c.Region},
		{"allow", c.Allow},
		{"deny", c.Deny},
	}
}

func buyerBlock(b marketplace.Buyer, tokens map[metering.LicenseARN][]marketplace.Token) block {
	return block{
		{"account", b.Account},
		{"customerIdentifier", b.CustomerIdentifier},
		{"credentials", blocks(b.Credentials, credentialBlock)},
		{"agreements", blocks(b.Agreements, func(a marketplace.Agreement) block {
			return agreementBlock(a, tokens[a.LicenseArn])
		})},
	}
}

func agreementBlock(a marketplace.Agreement, tokens []marketplace.Token) block {
	return block{
		{"product", a.Product},
		{"offer", a.Offer},
		{"licenseArn", a.LicenseArn},
		{"status", a.Status},
		{"start", a.Start},
		{"end", a.End},
		{"freeTrial", a.FreeTrial},
		{"tokens", blocks(tokens, func(t marketplace.Token) block {
			return block{{"value", t.Value}, {"mintedAt", t.Minted}}
		})},
	}
}

func formatTime(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
