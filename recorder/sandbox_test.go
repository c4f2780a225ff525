package recorder

import (
	"context"
	"log"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/meterd/meterd/client"
	"github.com/meterd/meterd/internal/catalog"
	"github.com/meterd/meterd/internal/clock"
	"github.com/meterd/meterd/internal/ledger"
	"github.com/meterd/meterd/internal/metering"
	"github.com/meterd/meterd/internal/server"
	"github.com/meterd/meterd/internal/store/memstore"
)

// Service is the real service on an address of its own, with the demo market and
// a clock that stands still. The examples use it as well.
type Service struct {
	*httptest.Server
	Clock  *clock.Clock
	ledger *ledger.Ledger
	down   chan struct{} // holds one while the service is down
}

// StartService starts a service at a time in the middle of a day.
func StartService() *Service {
	s := &Service{Clock: new(clock.Clock), down: make(chan struct{}, 1)}
	s.Clock.Set(time.Now().UTC().Truncate(24 * time.Hour).Add(-12 * time.Hour))
	s.Clock.Freeze()
	var err error
	if s.ledger, err = ledger.Open(context.Background(), ledger.Config{Store: memstore.New(), Clock: s.Clock}); err != nil {
		log.Fatal(err)
	}
	market, err := catalog.Demo(s.Clock.Now())
	if err != nil {
		log.Fatal(err)
	}
	if _, err := s.ledger.Apply(context.Background(), market); err != nil {
		log.Fatal(err)
	}
	front := server.New(server.Config{Ledger: s.ledger})
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(s.down) > 0 {
			http.Error(w, "down", http.StatusServiceUnavailable)
			return
		}
		front.ServeHTTP(w, r)
	}))
	return s
}

// Client calls the service as the demo's seller.
func (s *Service) Client() *client.Client {
	c, err := client.New(context.Background(), client.Config{
		Region: "us-east-1", Endpoint: s.URL, Retryer: aws.NopRetryer{},
		Credentials: credentials.NewStaticCredentialsProvider("AKIAMETERDDEMO000001", "meterd-demo-secret-of-the-seller", ""),
	})
	if err != nil {
		log.Fatal(err)
	}
	return c
}

// Billed is what the service has accepted of a buyer's dimension, by hour.
func (s *Service) Billed(buyer, dimension string) (list []int64) {
	for r, err := range s.ledger.Records(context.Background(), ledger.RecordFilter{Buyer: metering.AccountID(buyer), Dimension: metering.Dimension(dimension)}) {
		if err != nil {
			log.Fatal(err)
		}
		list = append(list, r.Quantity)
	}
	return list
}

func startService(t *testing.T) *Service {
	t.Helper()
	s := StartService()
	t.Cleanup(s.Close)
	return s
}
