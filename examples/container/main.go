// Container is what a paid container product does when it starts: it asks AWS
// Marketplace whether its buyer may run it, and makes sure that it was AWS who
// said yes. It may import nothing but what any seller can.
package main

import (
	"context"
	"crypto/rand"
	"flag"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/meterd/meterd/api"
	"github.com/meterd/meterd/client"
)

// startTime is how long the check may take. AWS wants it at every start, so a
// container that cannot reach it does not run.
const startTime = time.Minute

func main() {
	product := flag.String("product", "demo-container", "product code")
	version := flag.Int64("key-version", 1, "version of the product's public key")
	keyFile := flag.String("key", "key.pem", "the product's public key; a real container has it built in")
	flag.Parse()
	if err := checkEntitlement(*product, *version, *keyFile); err != nil {
		log.Fatal("this container may not run: ", err)
	}
	fmt.Println("container entitled; its work would begin here")
}

func checkEntitlement(product string, version int64, keyFile string) error {
	key, err := os.ReadFile(keyFile)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTime)
	defer cancel()
	// On ECS and EKS the credentials are those of the task or pod.
	c, err := client.New(ctx, client.Config{})
	if err != nil {
		return err
	}
	want := client.Registration{ProductCode: product, PublicKeyVersion: version, Nonce: rand.Text()}
	result, err := c.RegisterUsage(ctx, &api.RegisterUsageRequest{
		ProductCode: &want.ProductCode, PublicKeyVersion: &want.PublicKeyVersion, Nonce: &want.Nonce,
	})
	if client.Is(err, api.CustomerNotEntitledException) {
		return fmt.Errorf("there is no subscription to product %s: %w", product, err)
	}
	if err != nil {
		return err
	}
	// Without this anybody who stands between could have said yes.
	return client.VerifyRegistration(result.Signature, key, want)
}
