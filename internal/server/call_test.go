package server

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// Bodies that are in order on the wide market, and the time of the usage that
// they tell: 2026-11-22T00:30:45Z.
const (
	resolveBody = `{"RegistrationToken":"` + registrationToken + `"}`
	batchBody   = `{"ProductCode":"prod-abc123","UsageRecords":[{"Timestamp":1795307445,"CustomerIdentifier":"cust-1","Dimension":"users","Quantity":7}]}`
	meterBody   = `{"ProductCode":"prod-box","Timestamp":1795307445,"UsageDimension":"users","UsageQuantity":3}`

	usageTime = "1795307445"
)

// call is a request before it is signed with AWS's own Go signer. Its zero
// members are what an SDK sends to the seller's market.
type call struct {
	op, body string

	key, secret, session string
	service, region      string
	at                   time.Time

	method, target string
	// header adds fields, or with an empty value removes them, before signing.
	header map[string]string
	// presigned signs in the query, for expires seconds if that is not empty.
	presigned bool
	expires   string
}

func or(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

// raw is the signed request as a client sends it.
func (c call) raw(tb testing.TB) string {
	tb.Helper()
	r := c.sign(tb)
	var b bytes.Buffer
	if err := r.Write(&b); err != nil {
		tb.Fatal(err)
	}
	return b.String()
}

func (c call) sign(tb testing.TB) *http.Request {
	tb.Helper()
	r, err := http.NewRequest(or(c.method, "POST"), "http://127.0.0.1:8421"+or(c.target, "/"), strings.NewReader(c.body))
	if err != nil {
		tb.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	if c.op != "" {
		r.Header.Set("X-Amz-Target", "AWSMPMeteringService."+c.op)
	}
	for name, value := range c.header {
		r.Header.Set(name, value)
		if value == "" {
			r.Header.Del(name)
		}
	}
	if c.at.IsZero() {
		c.at = now
	}
	hash := sha256.Sum256([]byte(c.body))
	payload := hex.EncodeToString(hash[:])
	credentials := aws.Credentials{AccessKeyID: or(c.key, "AKIDEXAMPLE"), SecretAccessKey: or(c.secret, secret), SessionToken: c.session}
	service, region := or(c.service, "aws-marketplace"), or(c.region, "us-east-1")
	if !c.presigned {
		err = v4.NewSigner().SignHTTP(tb.Context(), credentials, r, payload, service, region, c.at)
	} else {
		err = c.presign(tb, r, credentials, payload)
	}
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func (c call) presign(tb testing.TB, r *http.Request, credentials aws.Credentials, payload string) error {
	if c.expires != "" {
		r.URL.RawQuery = "X-Amz-Expires=" + c.expires
	}
	uri, header, err := v4.NewSigner().PresignHTTP(tb.Context(), credentials, r, payload, or(c.service, "aws-marketplace"), or(c.region, "us-east-1"), c.at)
	if err != nil {
		return err
	}
	r.Header = header
	r.URL, err = r.URL.Parse(uri)
	return err
}

// unsigned is a POST with the given header lines and no others but
// Content-Length.
func unsigned(body string, lines ...string) string {
	return message("POST / HTTP/1.1", body, lines...)
}

func message(requestLine, body string, lines ...string) string {
	head := append([]string{requestLine, "Host: 127.0.0.1:8421"}, lines...)
	if body != "" {
		head = append(head, fmt.Sprintf("Content-Length: %d", len(body)))
	}
	return strings.Join(head, "\r\n") + "\r\n\r\n" + body
}

// plainCall is a request in PlainJSON with the seller's API key.
func plainCall(op, body string, lines ...string) string {
	return unsigned(body, append([]string{
		"Content-Type: application/json",
		"Authorization: YOUR API KEY",
		"X-Amz-Target: AWSMPMeteringService." + op,
	}, lines...)...)
}

// The types of answers.
const (
	awsJSON   = "application/x-amz-json-1.1"
	plainJSON = "application/json"
)

// resolved is the answer to resolveBody.
const resolved = `{"CustomerAWSAccountId":"222233334444","CustomerIdentifier":"cust-1","LicenseArn":"arn:aws:license-manager::111122223333:license:l-0001","ProductCode":"prod-abc123"}`
