package auth

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/metering"
)

var now = time.Date(2026, 11, 22, 0, 55, 0, 0, time.UTC)

const (
	service  = "aws-marketplace"
	secret   = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	mismatch = "InvalidSignatureException: The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."

	unrecognized = "UnrecognizedClientException: The security token included in the request is invalid."
	missing      = "MissingAuthenticationTokenException: Missing Authentication Token"
)

// market has a credential of each sort; more are added by the tests.
func market(t *testing.T, more ...marketplace.Credential) *marketplace.Market {
	t.Helper()
	s := marketplace.State{Settings: marketplace.DefaultSettings}
	s.Settings.Region = "eu-west-1" // of calls that are not signed
	s.Sellers = []marketplace.Seller{{Account: "111122223333", Credentials: append([]marketplace.Credential{
		{AccessKeyID: "AKIDUSER", SecretAccessKey: secret, User: "app"},
		{AccessKeyID: "AKIDSESSION", SecretAccessKey: secret, SessionToken: "token", ExpiresAt: now.Add(time.Minute), Role: "app"},
		{AccessKeyID: "AKIDENDLESS", SecretAccessKey: secret, SessionToken: "token", Role: "app"},
		{APIKey: "YOUR API KEY", User: "pages"},
		{APIKey: "KEY", User: "short"},
	}, more...)}}
	m, err := marketplace.NewMarket(s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// signed is a request that the official Go signer signed.
func signed(t *testing.T, key, secret, session, region string) Request {
	t.Helper()
	r, err := http.NewRequest("POST", "http://127.0.0.1:8421/", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	hash := sha256.Sum256([]byte("{}"))
	credentials := aws.Credentials{AccessKeyID: key, SecretAccessKey: secret, SessionToken: session}
	if err := v4.NewSigner().SignHTTP(t.Context(), credentials, r, hex.EncodeToString(hash[:]), service, region, now); err != nil {
		t.Fatal(err)
	}
	return Request{HTTP: r, Body: []byte("{}"), At: now}
}

// check authenticates a request. want is the user or role of the caller, or
// the refusal.
func check(t *testing.T, r Request, m *marketplace.Market, want string, region metering.Region) {
	t.Helper()
	authenticator := &Authenticator{SigningName: service}
	// The second time a derived key is at hand.
	for range 2 {
		caller, err := authenticator.Authenticate(r, m)
		got := ""
		switch {
		case err != nil:
			got = err.Error()
			if caller != (Caller{}) {
				t.Errorf("%s comes with a caller: %+v", got, caller)
			}
		case caller.Account != "111122223333" || caller.CallRegion != region:
			t.Errorf("caller is %s in %s", caller.Account, caller.CallRegion)
			fallthrough
		default:
			got = caller.User + caller.Role
		}
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestSignedRequests(t *testing.T) {
	later := func(r Request, d time.Duration) Request { r.At = now.Add(d); return r }
	session := signed(t, "AKIDSESSION", secret, "token", "us-east-2")
	altered := signed(t, "AKIDUSER", secret, "", "us-east-2")
	altered.Body = []byte("{} ")
	wrongSession := signed(t, "AKIDSESSION", "guessed", "token", "us-east-2")
	for name, test := range map[string]struct {
		request Request
		want    string
	}{
		"user":                               {signed(t, "AKIDUSER", secret, "", "us-east-2"), "app"},
		"wrong secret":                       {signed(t, "AKIDUSER", "guessed", "", "us-east-2"), mismatch},
		"altered body":                       {altered, mismatch},
		"unknown key":                        {signed(t, "AKIDNOBODY", secret, "", "us-east-2"), unrecognized},
		"unknown region":                     {signed(t, "AKIDUSER", secret, "", "us-west-9"), "InvalidSignatureException: Credential should be scoped to a valid region, not 'us-west-9'. "},
		"too late":                           {later(signed(t, "AKIDUSER", secret, "", "us-east-2"), 5*time.Minute+time.Second), "InvalidSignatureException: Signature expired: 20261122T005500Z is now earlier than 20261122T005501Z (20261122T010001Z - 5 min.)"},
		"session":                            {session, "app"},
		"session in its last moment":         {later(session, time.Minute-1), "app"},
		"session at its end":                 {later(session, time.Minute), "ExpiredTokenException: The security token included in the request is expired"},
		"session at its end, wrong secret":   {later(wrongSession, time.Minute), mismatch},
		"session without its token":          {signed(t, "AKIDSESSION", secret, "", "us-east-2"), unrecognized},
		"session with another token":         {signed(t, "AKIDSESSION", secret, "tokem", "us-east-2"), unrecognized},
		"session with more than its token":   {signed(t, "AKIDSESSION", secret, "token ", "us-east-2"), unrecognized},
		"session that never ends":            {later(signed(t, "AKIDENDLESS", secret, "token", "us-east-2"), time.Minute), "app"},
		"user with a token":                  {signed(t, "AKIDUSER", secret, "token", "us-east-2"), unrecognized},
		"the API key of another as a secret": {signed(t, "KEY", secret, "", "us-east-2"), unrecognized},
	} {
		for _, apiKeys := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				test.request.APIKeys = apiKeys
				check(t, test.request, market(t), test.want, "us-east-2")
			})
		}
	}
}

// TestSteeredClocks: who signs by the machine's clock is let in too, as long as
// the service's clock was moved away from it.
func TestSteeredClocks(t *testing.T) {
	const expired = "InvalidSignatureException: Signature expired: 20261122T005500Z is now earlier than 20261122T015000Z (20261122T015500Z - 5 min.)"
	user, session := signed(t, "AKIDUSER", secret, "", "us-east-2"), signed(t, "AKIDSESSION", secret, "token", "us-east-2")
	hour := now.Add(time.Hour)
	for _, test := range []struct {
		name        string
		request     Request
		at, machine time.Time
		want        string
	}{
		{"not steered", user, hour, time.Time{}, expired},
		{"steered into the future", user, hour, now, "app"},
		{"steered, and signed by neither", user, hour, hour.Add(time.Hour), expired},
		{"steered, and signed by the service's time", user, now, hour, "app"},
		{"a session ends by the service's time", session, hour, now, "ExpiredTokenException: The security token included in the request is expired"},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.request.At, test.request.Machine = test.at, test.machine
			check(t, test.request, market(t), test.want, "us-east-2")
		})
	}
}

// TestAnotherSigningName: the same signature is worth nothing elsewhere.
func TestAnotherSigningName(t *testing.T) {
	elsewhere := &Authenticator{SigningName: "s3"}
	if _, err := elsewhere.Authenticate(signed(t, "AKIDUSER", secret, "", "us-east-2"), market(t)); err == nil || err.Error() != "InvalidSignatureException: Credential should be scoped to correct service: 's3'. " {
		t.Errorf("got %v", err)
	}
}

func TestAPIKeys(t *testing.T) {
	nobody := marketplace.Credential{Anonymous: true, User: "nobody"}
	nested := marketplace.Credential{APIKey: "My KEY", User: "nested"}
	const incomplete = "IncompleteSignatureException: Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. Authorization="
	for _, test := range []struct {
		authorization string
		apiKeys       bool
		more          []marketplace.Credential
		want          string
	}{
		{"YOUR API KEY", true, nil, "pages"},
		{"Token YOUR API KEY", true, nil, "pages"},
		{"Bearer KEY", true, nil, "short"},
		{"KEY", true, nil, "short"},
		{"My KEY", true, nil, "short"},
		{"My KEY", true, []marketplace.Credential{nested}, "nested"},
		{"Token My KEY", true, []marketplace.Credential{nested}, "nested"},
		{"My own KEY", true, nil, unrecognized},
		{"key", true, nil, unrecognized},
		{"KE", true, nil, unrecognized},
		{"KEYS", true, nil, unrecognized},
		{"KEY ", true, nil, unrecognized},
		{"Token  KEY", true, nil, unrecognized},
		{"AKIDUSER", true, nil, unrecognized},
		{" ", true, nil, unrecognized},
		{"", true, nil, missing},
		{"", true, []marketplace.Credential{nobody}, "nobody"},
		{"KEY", true, []marketplace.Credential{nobody}, "short"},
		{"GUESSED", true, []marketplace.Credential{nobody}, unrecognized},
		{"KEY", false, nil, incomplete + "KEY"},
		{"", false, []marketplace.Credential{nobody}, missing},
		{"AWS4-HMAC-SHA256 KEY", true, nil, incomplete + "AWS4-HMAC-SHA256 KEY"},
	} {
		t.Run(test.authorization, func(t *testing.T) {
			r, err := http.NewRequest("POST", "http://127.0.0.1:8421/", nil)
			if err != nil {
				t.Fatal(err)
			}
			if test.authorization != "" {
				r.Header.Set("Authorization", test.authorization)
			}
			check(t, Request{HTTP: r, APIKeys: test.apiKeys, At: now}, market(t, test.more...), test.want, "eu-west-1")
		})
	}
}
