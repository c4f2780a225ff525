package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/meterd/meterd/internal/admin"
)

func newServe() *cobra.Command {
	o := &options{}
	storeName := ""
	cmd := &cobra.Command{
		Use:   "serve (--data DIR | --store postgres://… | --store mem:)",
		Short: "Run the service",
		Long: `serve runs the service until it gets SIGTERM or SIGINT; it then finishes the
requests that run and exits with 0. When it is ready it prints one line:

  meterd ready api=http://127.0.0.1:8421 admin=http://127.0.0.1:8423/_meterd/

The catalog is applied at start, where a mistake is fatal, and again on SIGHUP,
where a mistake is logged and changes nothing. Without one the marketplace of
the data directory is used. --profile and --switch hold over every catalog and
are kept with the marketplace.

The admin surface wants a token: --admin-token, or else the one in
DIR/admin-token, which is made when it is not there. With --store one is made and
printed before the ready line: meterd admin-token TOKEN.

--retain drops the records of hours that are older, and the calls before them, an hour
at a time, soon after the start and then hourly. What they come to in each month stays,
and so does the proof of all that comes later; see docs/operations.md.

With --store postgres://… any number of services share one ledger; see
docs/operations.md. The URL may name several hosts, of which the primary is
found. A password is better kept in METERD_STORE or PGPASSWORD than typed.`,
		Example: `  meterd serve --data /var/lib/meterd --catalog catalog.yaml
  meterd serve --store postgres://meterd@db1,db2/meterd --catalog catalog.yaml
  meterd serve --store mem: --listen 127.0.0.1:0 --admin-listen 127.0.0.1:0
  meterd serve --data /var/lib/meterd --retain 400d
  meterd serve --data data --listen :443 --tls-cert cert.pem --tls-key key.pem
  METERD_ADMIN_TOKEN=$(cat data/admin-token) meterd records --admin-url http://127.0.0.1:8423`,
		GroupID: groupService,
		Args:    takes(),
	}
	flags := cmd.Flags()
	o.addFlags(flags)
	flags.StringVar(&storeName, "store", "", "where else than in a directory the ledger is kept: URL of a PostgreSQL database, or mem: for memory, to be lost at the end")
	flags.StringVar(&o.adminListen, "admin-listen", "127.0.0.1:8423", "address of the admin surface")
	flags.StringSliceVar(&o.cors, "cors", nil, "origin whose pages may call the API, or *; can be repeated")
	flags.StringVar(&o.tlsCert, "tls-cert", "", "certificate file (PEM); the API then speaks TLS")
	flags.StringVar(&o.tlsKey, "tls-key", "", "the certificate's key file (PEM)")
	flags.StringVar(&o.retain, "retain", "", "how long records and calls are kept, as 400d; at least 62d (default for ever)")
	flags.BoolVar(&o.allowReset, "allow-reset", false, "let the admin surface forget everything")
	cmd.RunE = runE(func(cmd *cobra.Command, _ []string) error {
		if err := o.place.check(storeName); err != nil {
			return err
		}
		if err := o.check(); err != nil {
			return err
		}
		return runServe(cmd.Context(), o, cmd.OutOrStdout(), cmd.ErrOrStderr())
	})
	return cmd
}

// check takes --store beside --data, which exclude each other.
func (p *place) check(storeName string) error {
	switch {
	case p.data == "" && storeName == "":
		return usagef("where is the ledger kept? use --data DIR, --store postgres://…, or --store mem: to lose it at the end")
	case p.data != "" && storeName != "":
		return usagef("--data and --store exclude each other%s", fromEnvironment("data", "store"))
	case isPostgres(storeName):
		p.database = storeName
	case storeName != "" && storeName != "mem:":
		return usagef("--store: %q is unknown; use --data DIR, --store postgres://… or --store mem:", storeName)
	}
	return nil
}

// checkKept is check for commands that work on a ledger that outlives them.
func (p *place) checkKept(storeName string) error {
	switch {
	case p.data == "" && storeName == "":
		return usagef("--data is missing: the data directory; or --store postgres://…")
	case storeName != "" && !isPostgres(storeName):
		return usagef("--store: %q is not a URL such as postgres://meterd@db1/meterd; a directory is named with --data", storeName)
	}
	return p.check(storeName)
}

func isPostgres(url string) bool {
	return strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://")
}

func runServe(ctx context.Context, o *options, stdout, stderr io.Writer) error {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)

	logger := o.logger(stderr)
	api, operator, err := o.listenApart(logger)
	if err != nil {
		return err
	}
	closing := func(err error) error { return errors.Join(err, api.Close(), operator.Close()) }
	if err := o.findAdminToken(stdout); err != nil {
		return closing(err)
	}
	source := marketSource{name: "the store", override: o.override}
	if o.catalog != "" {
		source = fileSource(o.catalog, o.override)
	}
	// The start is not broken off by a signal: it ends in order right after.
	s, err := openService(context.WithoutCancel(ctx), o, source, logger)
	if err != nil {
		return closing(err)
	}
	s.warn(o)
	api.handle(s.api)
	operator.handle(s.admin)
	go tendHeap(ctx)
	printReady(stdout, api.url(), operator.url())
	stopRetaining := s.startRetaining(ctx, o.parsedRetain)
	err = s.serve(ctx, hangups, api, operator)
	stopRetaining()
	return errors.Join(err, s.close())
}

// findAdminToken sees to it that there is a token.
func (o *options) findAdminToken(stdout io.Writer) (err error) {
	switch {
	case o.adminToken != "":
	case o.data != "":
		if err = makeDataDir(o.data); err == nil {
			o.adminToken, _, err = keptToken(o.data)
		}
	default:
		o.adminToken = makeToken()
		fmt.Fprintf(stdout, "meterd admin-token %s\n", o.adminToken)
	}
	return err
}

// warn tells of what works but is hardly meant.
func (s *service) warn(o *options) {
	if len(s.ledger.Market().Sellers) == 0 {
		s.logger.Warn("the marketplace is empty, so that every call is refused; start with --catalog FILE, or apply one with: meterd catalog apply FILE")
	}
	if !isLoopback(o.adminListen) {
		s.logger.Warn("the admin surface can be reached from other machines, and its token travels in the clear", "admin_listen", o.adminListen)
	}
}

// listenApart takes the ports of the API and of the admin surface.
func (o *options) listenApart(logger *slog.Logger) (api, operator *listener, err error) {
	if api, err = listen("--listen", o.listen, logger); err != nil {
		return nil, nil, err
	}
	if o.tlsCert != "" {
		if err := api.useTLS(o.tlsCert, o.tlsKey); err != nil {
			return nil, nil, errors.Join(err, api.Close())
		}
	}
	if operator, err = listen("--admin-listen", o.adminListen, logger); err != nil {
		return nil, nil, errors.Join(err, api.Close())
	}
	return api, operator, nil
}

// printReady prints the line that scripts wait for. Its form does not change.
func printReady(w io.Writer, api, operator string) {
	fmt.Fprintf(w, "meterd ready api=%s admin=%s%s\n", api, operator, admin.Prefix)
}
