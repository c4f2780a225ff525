// Landing is the page behind a product's registration URL, where AWS Marketplace
// sends buyers: it learns who they are and sets up their account. It may import
// nothing but what any seller can.
package main

import (
	"context"
	"crypto/rand"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/meterd/meterd/client"
	"github.com/meterd/meterd/recorder"
)

const headerTime = 10 * time.Second

func main() {
	listen := flag.String("listen", "127.0.0.1:3000", "address of the page")
	flag.Parse()
	if err := run(*listen); err != nil {
		log.Fatal(err)
	}
}

func run(listen string) error {
	// Region, endpoint and credentials come from where every AWS SDK finds them.
	c, err := client.New(context.Background(), client.Config{})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	fmt.Printf("landing ready http://%s/register\n", listener.Addr())
	server := &http.Server{Handler: routes(c), ReadHeaderTimeout: headerTime}
	return server.Serve(listener)
}

func routes(c *client.Client) http.Handler {
	a := &accounts{byBuyer: map[string]*account{}, bySetup: map[string]*account{}}
	mux := http.NewServeMux()
	mux.Handle("/register", client.RegistrationHandler(c, a.welcome, client.RegistrationOptions{
		Product: "Demo Analytics", Contact: "support@example.com",
	}))
	mux.HandleFunc("GET /welcome", a.show)
	return mux
}

// accounts stand for the application's database.
type accounts struct {
	mu      sync.Mutex
	byBuyer map[string]*account
	bySetup map[string]*account
}

// account is kept with the names that usage is told with.
type account struct {
	buyer    string
	product  string
	customer recorder.Customer
}

// welcome finds or makes the account of a buyer, who may come more than once,
// and sends the browser on with a key that nobody can guess.
func (a *accounts) welcome(_ context.Context, c client.Customer) (string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	buyer := c.CustomerAWSAccountId
	found := a.byBuyer[buyer]
	if found == nil {
		found = &account{buyer, c.ProductCode, recorder.CustomerOf(c.ResolveCustomerResult)}
		a.byBuyer[buyer] = found
	}
	setup := rand.Text()
	a.bySetup[setup] = found
	return "/welcome?setup=" + setup, nil
}

// show would let the buyer choose a password, and then forget the key.
func (a *accounts) show(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	found := a.bySetup[r.URL.Query().Get("setup")]
	if found == nil {
		http.NotFound(w, r)
		return
	}
	fmt.Fprintf(w, "Welcome, AWS account %s, to %s. Your usage will be told for %s.\n", found.buyer, found.product, found.customer)
}
