package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"sync"
	"syscall"
)

// listener is one address that is served.
type listener struct {
	net.Listener
	http *http.Server
	// tls says that useTLS was called. The server's TLSConfig does not say
	// so: http.Server fills it in by itself.
	tls bool
}

// listen takes an address, which flag named. Nothing is served before handle
// says by what, so that a port that is taken is noticed before anything else
// is done.
func listen(flag, address string, logger *slog.Logger) (*listener, error) {
	l, err := net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("somebody listens on %s already, perhaps another meterd; choose another address with %s, or port 0 for any that is free", address, flag)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", flag, err)
	}
	return &listener{Listener: l, http: &http.Server{
		ReadHeaderTimeout: readHeaderMax,
		IdleTimeout:       idleMax,
		MaxHeaderBytes:    headerBytesMax,
		// No WriteTimeout: it would run from the request's first byte and cut
		// answers that wait for a disk. Bodies have a time limit of their own.
		ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}}, nil
}

func (l *listener) handle(handler http.Handler) { l.http.Handler = handler }

// useTLS makes the listener speak TLS. A bad certificate shows here, before
// anybody is told that the service is ready.
func (l *listener) useTLS(certFile, keyFile string) error {
	certificate, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return fmt.Errorf("reading the certificate: %w", err)
	}
	l.http.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	l.tls = true
	return nil
}

// url returns where this machine reaches the listener.
func (l *listener) url() string {
	host, port, err := net.SplitHostPort(l.Addr().String())
	if ip, wrong := netip.ParseAddr(host); err == nil && wrong == nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	scheme := "http://"
	if l.tls {
		scheme = "https://"
	}
	return scheme + net.JoinHostPort(host, port)
}

func (l *listener) serve() error {
	if l.tls {
		return l.http.ServeTLS(l.Listener, "", "")
	}
	return l.http.Serve(l.Listener)
}

// serve serves until ctx is over or a listener breaks. On SIGHUP the marketplace
// is read again.
func (s *service) serve(ctx context.Context, hangups <-chan os.Signal, listeners ...*listener) error {
	return serveWhile(s.logger, func(broken <-chan error) error { return s.wait(ctx, hangups, broken) }, listeners...)
}

// serveWhile serves until wait returns, which is told of listeners that break,
// and ends in order: nothing new is accepted, what runs is finished.
func serveWhile(logger *slog.Logger, wait func(broken <-chan error) error, listeners ...*listener) error {
	broken := make(chan error, len(listeners))
	var serving sync.WaitGroup
	for _, l := range listeners {
		serving.Go(func() {
			if err := l.serve(); !errors.Is(err, http.ErrServerClosed) {
				broken <- err
			}
		})
	}
	err := wait(broken)
	err = errors.Join(err, shutdown(listeners, logger))
	serving.Wait()
	return err
}

func (s *service) wait(ctx context.Context, hangups <-chan os.Signal, broken <-chan error) error {
	for {
		select {
		case <-ctx.Done():
			s.logger.Info("ending", "finish_within", shutdownMax)
			return nil
		case err := <-broken:
			return fmt.Errorf("serving: %w", err)
		case <-hangups:
			s.source.reload(context.WithoutCancel(ctx), s.ledger, s.logger)
		}
	}
}

// shutdown lets all listeners finish at the same time.
func shutdown(listeners []*listener, logger *slog.Logger) error {
	ctx, cancel := context.WithTimeout(context.Background(), shutdownMax)
	defer cancel()
	failed := make([]error, len(listeners))
	var ending sync.WaitGroup
	for i, l := range listeners {
		ending.Go(func() {
			if err := l.http.Shutdown(ctx); err != nil {
				failed[i] = errors.Join(fmt.Errorf("requests to %s were cut: %w", l.Addr(), err), l.http.Close())
			}
		})
	}
	ending.Wait()
	logger.Info("ended")
	return errors.Join(failed...)
}
