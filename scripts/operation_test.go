package scripts

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/google/go-cmp/cmp"

	"github.com/meterd/meterd/api"
)

// meter is MeterUsage.
func (p *play) meter(l line) error {
	a := p.args(l)
	request := &api.MeterUsageRequest{
		ProductCode:      a.text("a product"),
		UsageDimension:   a.text("a dimension"),
		UsageQuantity:    a.number("a quantity"),
		Timestamp:        a.time("at"),
		UsageAllocations: a.allocations(),
		ClientToken:      a.after("token"),
	}
	if a.has("dry-run") {
		request.DryRun = new(true)
	}
	if err := a.done(); err != nil {
		return err
	}
	result, err := p.mount.meterUsage(p.ctx, p.caller, request)
	got := "ok"
	if err == nil && result.MeteringRecordId != "" {
		got = p.nameOf(result.MeteringRecordId, l)
	}
	return p.answered(l, got, err)
}

// register is RegisterUsage. What a verifier reads of the answer is compared
// with the request; whether the signature is good is tested in the ledger.
func (p *play) register(l line) error {
	a := p.args(l)
	request := &api.RegisterUsageRequest{ProductCode: a.text("a product")}
	if !a.has("key") {
		a.fail("the key is missing")
	}
	request.PublicKeyVersion = a.number("a version")
	request.Nonce = a.after("nonce")
	if err := a.done(); err != nil {
		return err
	}
	result, err := p.mount.registerUsage(p.ctx, p.caller, request)
	if err != nil {
		return p.answered(l, "", err)
	}
	if err := p.checkToken(result.Signature, request); err != nil {
		return err
	}
	got := "signed"
	if rotated := result.PublicKeyRotationTimestamp; rotated != nil {
		got += " rotated " + showTime(*rotated)
	}
	return p.answered(l, got, nil)
}

// checkToken: M0174, the claims are the request's; M0176, the nonce too is only
// there if it was sent; M0177, the token is not from the future.
func (p *play) checkToken(token string, r *api.RegisterUsageRequest) error {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return fmt.Errorf("%q is no JWT", token)
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return fmt.Errorf("the JWT's payload: %w", err)
	}
	claims := map[string]any{}
	if err := json.Unmarshal(payload, &claims); err != nil {
		return fmt.Errorf("the JWT's payload: %w", err)
	}
	issued, _ := claims["iat"].(float64)
	if now := float64(p.now.Unix()); issued >= now || issued < now-60 {
		return fmt.Errorf("the JWT was issued at %v, it is %v now", claims["iat"], now)
	}
	want := map[string]any{"productCode": *r.ProductCode, "publicKeyVersion": float64(*r.PublicKeyVersion), "iat": issued}
	if r.Nonce != nil {
		want["nonce"] = *r.Nonce
	}
	if diff := cmp.Diff(want, claims); diff != "" {
		return fmt.Errorf("the JWT claims:\n%s", diff)
	}
	return nil
}

// resolve is ResolveCustomer.
func (p *play) resolve(l line) error {
	a := p.args(l)
	request := &api.ResolveCustomerRequest{RegistrationToken: new(a.next("a token"))}
	if err := a.done(); err != nil {
		return err
	}
	result, err := p.mount.resolveCustomer(p.ctx, p.caller, request)
	if err != nil {
		return p.answered(l, "", err)
	}
	var got []string
	for _, member := range [][2]string{
		{"customer", result.CustomerIdentifier}, {"product", result.ProductCode},
		{"account", result.CustomerAWSAccountId}, {"license", shortLicense(result.LicenseArn)},
	} {
		if member[1] != "" {
			got = append(got, member[0], member[1])
		}
	}
	return p.answered(l, strings.Join(got, " "), nil)
}
