package server

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"sync"
	"time"

	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/metering"
)

// now is when the tests take place: a minute after the captured requests were
// signed, and far from a month's end.
var now = time.Date(2026, 11, 22, 0, 55, 0, 0, time.UTC)

const (
	seller   metering.AccountID  = "111122223333"
	buyer    metering.AccountID  = "222233334444"
	stranger metering.AccountID  = "555566667777"
	license  metering.LicenseARN = "arn:aws:license-manager::111122223333:license:l-0001"

	// secret belongs to every access key of the tests.
	secret            = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	registrationToken = "tok+/=abc"

	task = "arn:aws:ecs:us-east-1:222233334444:task/demo/"
)

// signingKey is made anew each time, so that no private key lies in the
// repository.
var signingKey = sync.OnceValue(makeSigningKey)

func makeSigningKey() string {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// market has prod-abc123 with two buyers. The credentials that the captured
// requests carry are the seller's or the first buyer's.
func market(kind marketplace.Kind, ofSeller, ofBuyer []marketplace.Credential) marketplace.State {
	start := now.AddDate(0, -6, 0)
	return marketplace.State{
		Settings: marketplace.DefaultSettings,
		Sellers: []marketplace.Seller{{
			Account:     seller,
			Credentials: ofSeller,
			Products: []marketplace.Product{{
				Code: "prod-abc123", Kind: kind, Mode: marketplace.Legacy,
				Dimensions: []marketplace.Dimension{{Key: "users"}, {Key: "gb"}},
				PublicKeys: []marketplace.PublicKey{{Version: 1, PrivateKey: signingKey()}},
			}},
		}},
		Buyers: []marketplace.Buyer{
			{
				Account: buyer, CustomerIdentifier: "cust-1", Credentials: ofBuyer,
				Agreements: []marketplace.Agreement{{Product: "prod-abc123", LicenseArn: license, Status: marketplace.Active, Start: start}},
			},
			{
				Account: "333344445555", CustomerIdentifier: "cust-2",
				Agreements: []marketplace.Agreement{{Product: "prod-abc123", LicenseArn: license + "2", Status: marketplace.Active, Start: start}},
			},
		},
		Tokens: []marketplace.Token{{Value: registrationToken, LicenseArn: license, Minted: now.Add(-time.Hour)}},
	}
}

// sellerMarket is one where the captured requests come from a user of the
// seller of a SaaS product.
func sellerMarket() marketplace.State {
	return market(marketplace.SaaS, []marketplace.Credential{
		{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: secret, User: "metering-app"},
		{APIKey: "YOUR API KEY", User: "openapi-client"},
		{APIKey: "PLACEHOLDER-HMAC", User: "datafire"},
	}, nil)
}

// taskMarket is one where they come from the tasks of a buyer that runs a
// container product.
func taskMarket() marketplace.State {
	return market(marketplace.Container, nil, []marketplace.Credential{
		{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: secret, Platform: marketplace.ECS, Resource: task + "1"},
		{APIKey: "YOUR API KEY", Platform: marketplace.ECS, Resource: task + "2"},
		{APIKey: "PLACEHOLDER-HMAC", Platform: marketplace.ECS, Resource: task + "3"},
	})
}

// wideMarket is the seller's with what else can go wrong: sessions, policies,
// platforms, other products and another seller.
func wideMarket() marketplace.State {
	s := sellerMarket()
	key := func(id string, c marketplace.Credential) marketplace.Credential {
		c.AccessKeyID, c.SecretAccessKey = id, secret
		return c
	}
	users := []marketplace.Dimension{{Key: "users"}}
	s.Sellers[0].Credentials = append(s.Sellers[0].Credentials,
		key("AKIDSESSION", marketplace.Credential{SessionToken: "session-token", ExpiresAt: now.Add(time.Second), Role: "app"}),
		key("AKIDEXPIRED", marketplace.Credential{SessionToken: "session-token", ExpiresAt: now, Role: "app"}),
		key("AKIDDENIED", marketplace.Credential{User: "denied", Deny: []string{"aws-marketplace:Batch*"}}),
		key("AKIDREADER", marketplace.Credential{User: "reader", Allow: []string{"aws-marketplace:ResolveCustomer"}}),
	)
	s.Sellers[0].Products = append(s.Sellers[0].Products,
		marketplace.Product{Code: "prod-many", Kind: marketplace.SaaS, Mode: marketplace.Concurrent, Dimensions: users},
		marketplace.Product{Code: "prod-box", Kind: marketplace.Container, Dimensions: users, PublicKeys: s.Sellers[0].Products[0].PublicKeys},
	)
	s.Sellers = append(s.Sellers, marketplace.Seller{
		Account:  "444455556666",
		Products: []marketplace.Product{{Code: "prod-other", Kind: marketplace.SaaS, Dimensions: users}},
	})
	s.Buyers[0].Credentials = []marketplace.Credential{
		key("AKIDTASK", marketplace.Credential{Platform: marketplace.ECS, Resource: task + "1"}),
		key("AKIDAGENT", marketplace.Credential{Platform: marketplace.AgentCore, Resource: "arn:aws:bedrock-agentcore:us-east-1:222233334444:runtime/demo"}),
	}
	s.Buyers[0].Agreements = append(s.Buyers[0].Agreements,
		marketplace.Agreement{Product: "prod-many", LicenseArn: license + "-many", Status: marketplace.Active, Start: now.Add(-2 * time.Hour)},
		marketplace.Agreement{Product: "prod-box", LicenseArn: license + "-box", Status: marketplace.Active, Start: now.AddDate(0, -6, 0)},
	)
	s.Buyers = append(s.Buyers, marketplace.Buyer{
		Account:     stranger,
		Credentials: []marketplace.Credential{key("AKIDSTRANGER", marketplace.Credential{Platform: marketplace.ECS, Resource: "arn:aws:ecs:us-east-1:555566667777:task/demo/1"})},
	})
	s.Tokens = append(s.Tokens, marketplace.Token{Value: "tok-old", LicenseArn: license, Minted: now.Add(-4 * time.Hour)})
	return s
}
