package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/meterd/meterd/internal/admin"
	"github.com/meterd/meterd/internal/catalog"
	"github.com/meterd/meterd/internal/marketplace"
)

// demoService puts together a service with the demo marketplace.
func demoService(t *testing.T, o *options) *service {
	t.Helper()
	if err := o.check(); err != nil {
		t.Fatal(err)
	}
	source := marketSource{"the demo", func(now time.Time) (marketplace.State, error) { return catalog.Demo(now) }, o.override}
	s, err := openService(t.Context(), o, source, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// serving serves in the background until the test ends, and says where.
func serving(t *testing.T, s *service, prepare func(*listener)) string {
	t.Helper()
	l, err := listen("--listen", "127.0.0.1:0", s.logger)
	if err != nil {
		t.Fatal(err)
	}
	l.handle(s.together())
	prepare(l)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- s.serve(ctx, nil, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	return l.url()
}

// call meters one record of the demo marketplace with its API key.
func callDemo(t *testing.T, client *http.Client, url string) (status int, body string) {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, url, strings.NewReader(fmt.Sprintf(
		`{"ProductCode":"demo-saas","UsageRecords":[{"Timestamp":%q,"CustomerIdentifier":"cust-active","Dimension":"users","Quantity":1}]}`,
		time.Now().UTC().Format(time.RFC3339))))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "meterd-demo-api-key")
	r.Header.Set("Content-Type", "application/json")
	return exchange(t, client, r)
}

func get(t *testing.T, client *http.Client, url string) (status int, body string) {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return exchange(t, client, r)
}

func exchange(t *testing.T, client *http.Client, r *http.Request) (int, string) {
	t.Helper()
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

func TestMetrics(t *testing.T) {
	url := serving(t, demoService(t, &options{place: place{data: t.TempDir()}}), func(*listener) {})
	if status, body := callDemo(t, http.DefaultClient, url); status != http.StatusOK {
		t.Fatalf("metering: %d %s", status, body)
	}
	_, text := get(t, http.DefaultClient, url+admin.Prefix+"metrics")
	for _, want := range []string{
		`meterd_requests_total{operation="BatchMeterUsage",result="ok"} 1`,
		`meterd_records_total{verdict="Success"} 1`,
		"meterd_commit_facts_sum 1\n",
		"meterd_commit_calls_count 1\n",
		"meterd_commit_seconds_count 1\n",
		"meterd_commits_waiting 0\n",
		"meterd_store_stopped{reason=\"\"} 0\n",
		"meterd_store_bytes ",
		"go_goroutines ",
		"go_build_info",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the metrics lack %q", want)
		}
	}
}

func TestOnePortForTwo(t *testing.T) {
	url := serving(t, demoService(t, &options{allowReset: true}), func(*listener) {})
	for path, want := range map[string]int{
		"/_meterd/health":  http.StatusOK,
		"/_meterd/nothing": http.StatusNotFound,
		"/_meterd":         http.StatusOK,
		"/_meterdx":        http.StatusForbidden, // the API's answer, as on every other path
		"/console":         http.StatusForbidden,
		"//_meterd/health": http.StatusForbidden,
	} {
		if status, body := get(t, http.DefaultClient, url+path); status != want {
			t.Errorf("GET %s: %d %s, want %d", path, status, body, want)
		}
	}
	// Clients of the API send doubled slashes, and no redirect must answer them.
	if status, body := callDemo(t, http.DefaultClient, url+"//"); status != http.StatusOK {
		t.Errorf("POST //: %d %s", status, body)
	}
}

func TestHeadersAreBounded(t *testing.T) {
	url := serving(t, demoService(t, &options{}), func(*listener) {})
	for size, want := range map[int]int{headerBytesMax - 4096: http.StatusOK, headerBytesMax + 8192: http.StatusRequestHeaderFieldsTooLarge} {
		r, err := http.NewRequest(http.MethodGet, url+admin.Prefix+"health", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-Large", strings.Repeat("x", size))
		if status, _ := exchange(t, http.DefaultClient, r); status != want {
			t.Errorf("headers of %d bytes: %d, want %d", size, status, want)
		}
	}
}

func TestTLS(t *testing.T) {
	certFile, keyFile, roots := selfSigned(t)
	url := serving(t, demoService(t, &options{}), func(l *listener) {
		if err := l.useTLS(certFile, keyFile); err != nil {
			t.Fatal(err)
		}
	})
	if !strings.HasPrefix(url, "https://") {
		t.Errorf("url is %s", url)
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	defer client.CloseIdleConnections()
	if status, body := callDemo(t, client, url); status != http.StatusOK {
		t.Errorf("metering: %d %s", status, body)
	}
}

// selfSigned writes a certificate for this machine and its key.
func selfSigned(t *testing.T) (certFile, keyFile string, roots *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	roots = x509.NewCertPool()
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	roots.AppendCertsFromPEM(certificate)
	certFile, keyFile = filepath.Join(t.TempDir(), "cert.pem"), filepath.Join(t.TempDir(), "key.pem")
	for file, content := range map[string][]byte{certFile: certificate, keyFile: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})} {
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile, roots
}

func TestAdminTokenIsKept(t *testing.T) {
	dir := t.TempDir()
	token, path, err := keptToken(dir)
	if err != nil || len(token) < 40 {
		t.Fatalf("token %q, %v", token, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the token's file has mode %v, %v", info.Mode(), err)
	}
	if again, _, err := keptToken(dir); again != token || err != nil {
		t.Errorf("the second time it is %q, %v", again, err)
	}
	if other, _, _ := keptToken(t.TempDir()); other == token {
		t.Error("two directories have the same token")
	}
	if err := os.WriteFile(path, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := keptToken(dir); err == nil || !strings.Contains(err.Error(), "empty") {
		t.Errorf("an empty file gives %v", err)
	}
}

func TestLoopback(t *testing.T) {
	for address, want := range map[string]bool{
		"127.0.0.1:8421": true, "localhost:0": true, "[::1]:8421": true, "127.1.2.3:1": true, "[::ffff:127.0.0.1]:1": true,
		":8421": false, "0.0.0.0:8421": false, "[::]:8421": false, "10.0.0.1:8421": false, "example.com:80": false, "127.0.0.1": false,
	} {
		if got := isLoopback(address); got != want {
			t.Errorf("isLoopback(%q) = %v", address, got)
		}
	}
}
