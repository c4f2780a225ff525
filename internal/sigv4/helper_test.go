package sigv4

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

const (
	testKeyID   = "AKIDEXAMPLE"
	testSecret  = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	testService = "aws-marketplace"
	testRegion  = "us-east-1"

	mismatchText = "InvalidSignatureException: The request signature we calculated does not match the signature you provided. " +
		"Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
)

var testNow = time.Date(2026, 11, 22, 0, 55, 0, 0, time.UTC)

func onlyTestRegion(region string) bool { return region == testRegion }

// judge does what a server does with a request, in its order.
func judge(keys *KeyCache, r *http.Request, body []byte) error {
	s, err := Parse(r)
	if err != nil {
		return err
	}
	if err := s.CheckTime(testNow); err != nil {
		return err
	}
	if err := s.CheckScope(testService, onlyTestRegion); err != nil {
		return err
	}
	return s.Verify(keys, testSecret, r, body)
}

// judgeBytes judges a request as it came over the wire.
func judgeBytes(raw []byte) error {
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(raw)))
	if err != nil {
		return err
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	return judge(new(KeyCache), r, body)
}

// draft is a request before it is signed.
type draft struct {
	target    string // what follows the host in the URL
	header    http.Header
	body      string
	token     string
	presigned bool
	expires   string // of a presigned request, seconds
}

// sign has the official Go signer sign a draft.
func (d draft) sign(tb testing.TB) *http.Request {
	tb.Helper()
	r, err := http.NewRequest("POST", "http://127.0.0.1:8421"+d.target, strings.NewReader(d.body))
	if err != nil {
		tb.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "AWSMPMeteringService.BatchMeterUsage")
	for name, values := range d.header {
		r.Header[name] = values
	}
	sum := sha256.Sum256([]byte(d.body))
	hash := hex.EncodeToString(sum[:])
	credentials := aws.Credentials{AccessKeyID: testKeyID, SecretAccessKey: testSecret, SessionToken: d.token}
	signer := v4.NewSigner()
	if !d.presigned {
		if err := signer.SignHTTP(context.Background(), credentials, r, hash, testService, testRegion, testNow); err != nil {
			tb.Fatal(err)
		}
		return r
	}
	if d.expires != "" {
		r.URL.RawQuery = strings.TrimPrefix(r.URL.RawQuery+"&X-Amz-Expires="+d.expires, "&")
	}
	uri, signed, err := signer.PresignHTTP(context.Background(), credentials, r, hash, testService, testRegion, testNow)
	if err != nil {
		tb.Fatal(err)
	}
	if r.URL, err = url.Parse(uri); err != nil {
		tb.Fatal(err)
	}
	r.Header = signed
	return r
}

// wireBytes gives a client's request as the bytes it sends.
func wireBytes(tb testing.TB, r *http.Request) []byte {
	tb.Helper()
	var b bytes.Buffer
	if err := r.Write(&b); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// message gives the text of an error, and "ok" for none.
func message(err error) string {
	if err == nil {
		return "ok"
	}
	return err.Error()
}
