package crashtest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// Each round has a buyer of its own, so that what it left can be listed alone.
// The buyer runs an instance and a few containers, which meter themselves.
const (
	legacy     = "legacy"
	concurrent = "concurrent"
	appliance  = "appliance"
	container  = "container"

	dimensions = 200
	// hotDimensions are told by all connections at the same time.
	hotDimensions = 10
	hours         = 6
	// tasks are the containers of a buyer. The last one never calls before the
	// agreements have ended.
	tasks = 3
)

const (
	seller = "111122223333"
	region = "us-east-1"
	secret = "meterd-crashtest-secret"
)

func buyer(round int) string { return fmt.Sprint(222_200_000_000 + round) }

func customer(round int) string { return fmt.Sprintf("buyer-%d", round) }

func licence(round int) string {
	return fmt.Sprintf("arn:aws:license-manager::%s:license:l-%d", seller, round)
}

func instance(round int) string {
	return fmt.Sprintf("arn:aws:ec2:%s:%s:instance/i-%d", region, buyer(round), round)
}

func task(round, n int) string {
	return fmt.Sprintf("arn:aws:ecs:%s:%s:task/crash/%d", region, buyer(round), n)
}

func dimension(n int) string { return fmt.Sprintf("dimension-%d", n) }

// hourOf is one of the hours that are metered.
func hourOf(n int) time.Time {
	now, err := time.Parse(time.RFC3339, clock)
	if err != nil {
		panic(err) // unreachable unless the constant is wrong
	}
	return now.Add(-time.Duration(n) * time.Hour)
}

// Access keys, by what they belong to.
const sellerKey = "CRASHTESTSELLER"

func instanceKey(round int) string { return fmt.Sprintf("CRASHTESTEC2%d", round) }

func taskKey(round, n int) string { return fmt.Sprintf("CRASHTESTECS%dT%d", round, n) }

func credential(accessKey string) aws.CredentialsProvider {
	return credentials.NewStaticCredentialsProvider(accessKey, secret, "")
}

// writeCatalog writes the marketplace of so many rounds and returns where. status
// is that of the agreements on the container.
func writeCatalog(t *testing.T, rounds int, status string) string {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "region: %s\nsellers:\n  - account: %q\n    credentials: [{accessKeyId: %s, secretAccessKey: %s, user: metering}]\n    products:\n", region, seller, sellerKey, secret)
	for _, product := range []string{
		legacy + ", kind: saas, mode: legacy", concurrent + ", kind: saas, mode: concurrent",
		appliance + ", kind: ami", container + ", kind: container",
	} {
		fmt.Fprintf(&b, "      - {code: %s, dimensions: [", product)
		for d := range dimensions {
			fmt.Fprintf(&b, "{key: %s}, ", dimension(d))
		}
		b.WriteString("]}\n")
	}
	b.WriteString("buyers:\n")
	for round := range rounds {
		fmt.Fprintf(&b, "  - account: %q\n    customerIdentifier: %s\n    credentials:\n", buyer(round), customer(round))
		fmt.Fprintf(&b, "      - {accessKeyId: %s, secretAccessKey: %s, platform: ec2, resource: %q}\n", instanceKey(round), secret, instance(round))
		for n := range tasks {
			fmt.Fprintf(&b, "      - {accessKeyId: %s, secretAccessKey: %s, platform: ecs, resource: %q}\n", taskKey(round, n), secret, task(round, n))
		}
		b.WriteString("    agreements:\n")
		for _, product := range []string{legacy, appliance} {
			fmt.Fprintf(&b, "      - {product: %s, status: active, start: 2026-01-01T00:00:00Z}\n", product)
		}
		fmt.Fprintf(&b, "      - {product: %s, status: active, start: 2026-01-01T00:00:00Z, licenseArn: %q}\n", concurrent, licence(round))
		fmt.Fprintf(&b, "      - {product: %s, start: 2026-01-01T00:00:00Z, %s}\n", container, status)
	}
	path := filepath.Join(t.TempDir(), "catalog.yaml")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
