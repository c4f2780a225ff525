package ledger

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/metering"
	"github.com/meterd/meterd/internal/store/memstore"
)

func TestApplyingTwiceChangesNothing(t *testing.T) {
	l := open(t, memstore.New())
	first, err := l.Apply(t.Context(), demo())
	if err != nil || first != (Applied{Created: 4}) { // settings, seller, buyer, token
		t.Errorf("first: %+v, %v", first, err)
	}
	again := demo()
	again.Tokens[0].Minted = noon.Add(time.Hour) // as a later reading of the same file says
	second, err := l.Apply(t.Context(), again)
	if err != nil || second != (Applied{}) {
		t.Errorf("second: %+v, %v", second, err)
	}
	changed := demo()
	changed.Sellers[0].Products[0].Title = "New title"
	third, err := l.Apply(t.Context(), changed)
	if err != nil || third != (Applied{Changed: 1}) {
		t.Errorf("changed: %+v, %v", third, err)
	}
}

func TestTheMarketOutlivesTheLedger(t *testing.T) {
	l, s := openDemo(t)
	got := open(t, s).Market().State
	if diff := cmp.Diff(l.Market().State, got); diff != "" {
		t.Errorf("after reopening:\n%s", diff)
	}
}

func TestARefusedApplyLeavesTheMarket(t *testing.T) {
	l, s := openDemo(t)
	before := l.Market()
	bad := demo()
	bad.Buyers = append(bad.Buyers, marketplace.Buyer{Account: "9", CustomerIdentifier: "cust-1"})
	if _, err := l.Apply(t.Context(), bad); err == nil {
		t.Fatal("a customer twice was accepted")
	}
	if l.Market() != before {
		t.Error("the market was swapped")
	}
	if diff := cmp.Diff(before.State, open(t, s).Market().State); diff != "" {
		t.Errorf("the store was written:\n%s", diff)
	}
}

func TestARefusedResetForgetsNothing(t *testing.T) {
	l, _ := openDemo(t)
	bad := demo()
	bad.Sellers = append(bad.Sellers, bad.Sellers[0])
	if err := l.Reset(t.Context(), bad); err == nil {
		t.Fatal("a seller twice was accepted")
	}
	if l.Market().Product("saas") == nil {
		t.Error("the market is gone")
	}
}

func TestAnAgreementWithATokenCanBeRemoved(t *testing.T) {
	l, s := openDemo(t)
	less := demo()
	less.Buyers[0].Agreements, less.Tokens = less.Buyers[0].Agreements[1:], nil
	if _, err := l.Apply(t.Context(), less); err != nil {
		t.Fatal(err)
	}
	open(t, s) // fails if what was stored contradicts itself
}

func TestReplaceRevokesWhatIsNotNamed(t *testing.T) {
	l, s := openDemo(t)
	call := l.callBy(t, "AKIDTASK")
	if _, err := l.MeterUsage(t.Context(), call, metering.MeterUsage{Product: "box", Timestamp: noon, Dimension: "users"}); err != nil {
		t.Fatal(err)
	}
	less := demo()
	less.Buyers, less.Tokens = nil, nil
	applied, err := l.Replace(t.Context(), less)
	if err != nil || applied != (Applied{Removed: 2}) {
		t.Fatalf("%+v, %v", applied, err)
	}
	for _, l := range []*Ledger{l, open(t, s)} {
		if _, ok := l.Market().ByAccessKey("AKIDTASK"); ok {
			t.Error("a removed buyer's key is known")
		}
		if _, err := l.ResolveCustomer(t.Context(), l.callBy(t, "AKIDSELLER"), "tok"); err == nil {
			t.Error("a removed token resolves")
		}
		if n := len(collect(t, l.Records(t.Context(), RecordFilter{}))); n != 1 {
			t.Errorf("%d records, want the one that was told", n)
		}
	}
	if again, err := l.Apply(t.Context(), demo()); err != nil || again.Changed != 2 {
		t.Errorf("coming back: %+v, %v", again, err)
	}
}

func TestMintingATokenLeavesTheSettings(t *testing.T) {
	l, _ := openDemo(t)
	if _, err := l.Apply(t.Context(), marketplace.State{Settings: marketplace.Settings{Profile: "2025"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := l.MintToken(t.Context(), license); err != nil {
		t.Fatal(err)
	}
	if got := l.Market().Settings.Profile; got != "2025" {
		t.Errorf("the profile is %s", got)
	}
}

func TestOnlyContainersHaveKeys(t *testing.T) {
	l, _ := openDemo(t)
	if _, err := l.PublicKey(t.Context(), "saas", 1); err == nil {
		t.Error("a saas product has a signing key")
	}
}

func TestMintedTokensResolve(t *testing.T) {
	l, _ := openDemo(t)
	token, err := l.MintToken(t.Context(), license)
	if err != nil {
		t.Fatal(err)
	}
	customer, err := l.ResolveCustomer(t.Context(), l.callBy(t, "AKIDSELLER"), token.Value)
	if err != nil || customer.Customer != "cust-1" || customer.License != license {
		t.Errorf("%+v, %v", customer, err)
	}
	if other, err := l.MintToken(t.Context(), license); err != nil || other.Value == token.Value {
		t.Errorf("a second token is %q, %v", other.Value, err)
	}
	if _, err := l.MintToken(t.Context(), "arn:nope"); err == nil {
		t.Error("a token was minted for an unknown licence")
	}
}

func TestKeysAreMadeOnceAndKept(t *testing.T) {
	l, s := openDemo(t)
	first, err := l.PublicKey(t.Context(), "box", 1)
	if err != nil {
		t.Fatal(err)
	}
	again, err := open(t, s).PublicKey(t.Context(), "box", 0)
	if err != nil || string(again) != string(first) {
		t.Errorf("after reopening the key is another one (%v)", err)
	}
	if _, err := l.PublicKey(t.Context(), "box", 2); err == nil {
		t.Error("a version that is not there has a key")
	}
	if _, err := l.PublicKey(t.Context(), "nope", 1); err == nil {
		t.Error("a product that is not there has a key")
	}
}
