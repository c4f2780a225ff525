package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/meterd/meterd/internal/catalog"
	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/metering"
)

func newDev() *cobra.Command {
	o := &options{allowReset: true}
	cmd := &cobra.Command{
		Use:   "dev",
		Short: "Run a sandbox with a demo marketplace, and print what to do next",
		Long: `dev runs everything on one port of this machine, with a demo marketplace: products
of every kind, buyers in every state, credentials that are printed. It keeps the
ledger in memory unless --data names a directory.

The admin surface needs no token as long as only this machine can reach it; on
another address a token is made and printed.`,
		Example: `  meterd dev
  meterd dev --catalog catalog.yaml --data data
  meterd dev --clock 2026-11-30T23:59:00Z --switch identicalRetry=DuplicateRecord
  meterd dev --throttle aws --cors https://app.example.com`,
		GroupID: groupService,
		Args:    takes(),
	}
	flags := cmd.Flags()
	o.addFlags(flags)
	flags.StringSliceVar(&o.cors, "cors", []string{"*"}, "origin whose pages may call the API, or *; can be repeated")
	cmd.RunE = runE(func(cmd *cobra.Command, _ []string) error {
		if err := o.check(); err != nil {
			return err
		}
		return runDev(cmd.Context(), o, cmd.OutOrStdout(), cmd.ErrOrStderr())
	})
	return cmd
}

func runDev(ctx context.Context, o *options, stdout, stderr io.Writer) error {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)

	if o.adminToken == "" && !isLoopback(o.listen) {
		o.adminToken = makeToken()
	}
	source := marketSource{"the demo", func(now time.Time) (marketplace.State, error) { return catalog.Demo(now) }, o.override}
	if o.catalog != "" {
		source = fileSource(o.catalog, o.override)
	}
	logger := o.logger(stderr)
	both, err := listen("--listen", o.listen, logger)
	if err != nil {
		return err
	}
	var sellers atomic.Pointer[[]metering.AccountID]
	s, err := openService(context.WithoutCancel(ctx), o, source.noting(&sellers), logger)
	if err != nil {
		return errors.Join(err, both.Close())
	}
	err = s.serveTogether(ctx, both, o.adminToken, *sellers.Load(), hangups, stdout)
	return errors.Join(err, s.close())
}

// serveTogether serves everything on one port and shows around, one of the
// sellers if they are named.
func (s *service) serveTogether(ctx context.Context, both *listener, adminToken string, sellers []metering.AccountID, hangups <-chan os.Signal, stdout io.Writer) error {
	both.handle(s.together())
	printReady(stdout, both.url(), both.url())
	tour, err := planTour(context.WithoutCancel(ctx), s.ledger, sellers, both.url(), adminToken)
	if err != nil {
		return errors.Join(err, both.Close())
	}
	s.show(tour, stdout)
	return s.serve(ctx, hangups, both)
}

// show prints a tour, whose tokens then survive resets.
func (s *service) show(tour *tour, stdout io.Writer) {
	for _, token := range tour.tokens {
		s.printed = append(s.printed, token.Token)
	}
	tour.print(stdout)
}
