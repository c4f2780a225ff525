// Webapp is a web application whose customers have bought it on AWS Marketplace:
// it counts what they use with a recorder. It may import nothing but what any
// seller can.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/meterd/meterd/recorder"
)

// shutdownTime is what a deployment gives the program to end in.
const shutdownTime = 20 * time.Second

func main() {
	listen := flag.String("listen", "127.0.0.1:8080", "address of the application")
	dir := flag.String("metering", "metering", "directory that keeps usage until it is billed")
	product := flag.String("product", "demo-saas", "product code")
	flag.Parse()
	if err := run(*listen, *dir, *product); err != nil {
		log.Fatal(err)
	}
}

func run(listen, dir, product string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	// Region, endpoint and credentials come from where every AWS SDK finds them.
	rec, err := recorder.Open(ctx, recorder.Config{
		Dir:        dir,
		Product:    product,
		Dimensions: map[string]recorder.Terms{"users": {}, "gb": {}},
	})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return errors.Join(err, rec.Close(ctx))
	}
	server := &http.Server{Handler: routes(rec), ReadHeaderTimeout: shutdownTime}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	fmt.Printf("webapp ready http://%s\n", listener.Addr())

	select {
	case err = <-failed:
	case <-ctx.Done():
		err = nil
	}
	// First the requests end, then what they counted is made durable.
	ending, cancel := context.WithTimeout(context.Background(), shutdownTime)
	defer cancel()
	return errors.Join(err, server.Shutdown(ending), rec.Close(ending))
}
