package client_test

import (
	"context"
	"log"
	"net/http/httptest"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/meterd/meterd/client"
	"github.com/meterd/meterd/internal/ledger"
	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/metering"
	"github.com/meterd/meterd/internal/server"
	"github.com/meterd/meterd/internal/store/memstore"
)

// The examples call the real service, which one of them starts for all.
var sandbox = sync.OnceValues(func() (*ledger.Ledger, string) {
	l, err := ledger.Open(context.Background(), ledger.Config{Store: memstore.New()})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := l.Apply(context.Background(), sandboxState()); err != nil {
		log.Fatal(err)
	}
	return l, httptest.NewServer(server.New(server.Config{Ledger: l})).URL
})

func sandboxState() marketplace.State {
	lastYear := time.Now().AddDate(-1, 0, 0)
	users := []marketplace.Dimension{{Key: "users"}}
	agreement := func(product metering.ProductCode, license metering.LicenseARN, status marketplace.Status) marketplace.Agreement {
		return marketplace.Agreement{Product: product, LicenseArn: "arn:aws:license-manager::111122223333:license:" + license, Status: status, Start: lastYear}
	}
	return marketplace.State{
		Settings: marketplace.DefaultSettings,
		Sellers: []marketplace.Seller{{
			Account:     "111122223333",
			Credentials: []marketplace.Credential{{AccessKeyID: "AKIDSELLER", SecretAccessKey: "secret"}},
			Products: []marketplace.Product{
				{Code: "prod-abc123", Kind: marketplace.SaaS, Mode: marketplace.Legacy, Dimensions: users},
				{Code: "prod-box", Kind: marketplace.Container, Dimensions: users},
			},
		}},
		Buyers: []marketplace.Buyer{
			{
				Account: "222233334444", CustomerIdentifier: "cust-1",
				Credentials: []marketplace.Credential{{AccessKeyID: "AKIDTASK", SecretAccessKey: "secret", Platform: marketplace.ECS, Resource: "arn:aws:ecs:us-east-1:222233334444:task/demo/1"}},
				Agreements:  []marketplace.Agreement{agreement("prod-abc123", "l-0001", marketplace.Active), agreement("prod-box", "l-0002", marketplace.Active)},
			},
			{Account: "333344445555", CustomerIdentifier: "cust-2", Agreements: []marketplace.Agreement{agreement("prod-abc123", "l-0003", marketplace.Pending)}},
		},
		Tokens: []marketplace.Token{{Value: "tok+/=abc", LicenseArn: "arn:aws:license-manager::111122223333:license:l-0001", Minted: time.Now()}},
	}
}

// exampleClient is a client of the seller, or of a task of the buyer.
func exampleClient(who string) *client.Client {
	_, endpoint := sandbox()
	key := map[string]string{"seller": "AKIDSELLER", "task": "AKIDTASK"}[who]
	c, err := client.New(context.Background(), client.Config{
		Region: "us-east-1", Endpoint: endpoint, Credentials: credentials.NewStaticCredentialsProvider(key, "secret", ""),
	})
	if err != nil {
		log.Fatal(err)
	}
	return c
}

// publicKey is what the product's page shows.
func publicKey() []byte {
	l, _ := sandbox()
	key, err := l.PublicKey(context.Background(), "prod-box", 1)
	if err != nil {
		log.Fatal(err)
	}
	return key
}
