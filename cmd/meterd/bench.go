package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/meterd/meterd/api"
	"github.com/meterd/meterd/bench"
	"github.com/meterd/meterd/bench/ceiling"
	"github.com/meterd/meterd/internal/catalog"
	"github.com/meterd/meterd/internal/marketplace"
)

// benchFlags are those that are not options of the run itself.
type benchFlags struct {
	logging

	clock, mode, operation string
	output, listen         string
	printCatalog, ceiling  bool
}

func newBench() *cobra.Command {
	o := bench.Options{Market: bench.DefaultMarket}
	f := &benchFlags{}
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Load a service, check every verdict, and measure",
		Long: `bench keeps connections to a service busy with signed calls that tell new
records, 5 % exact retries and 1 % contradictions, and compares every verdict
with the one that must follow. It fails if one differs.

The service must have the catalog that --print-catalog prints for the same
--sellers, --products, --buyers, --dimensions and --mode. Its secrets are known
to everybody: use it with a ledger of its own. A ledger remembers, so that the
next run on it needs another marketplace or a new ledger.

--ceiling serves instead, in place of a service: it does the same HTTP, decodes
and verifies, and answers with canned verdicts out of nowhere.`,
		Example: `  meterd bench --print-catalog > bench.yaml
  meterd serve --data bench-data --catalog bench.yaml
  meterd bench --endpoint http://127.0.0.1:8421 -c 64 -d 20s`,
		GroupID: groupOperator,
		Args:    takes(),
	}
	flags := cmd.Flags()
	flags.StringVar(&o.Endpoint, "endpoint", "http://127.0.0.1:8421", "where the service is; the connections are spread over several that share a ledger: http://a:8421,http://b:8421")
	flags.IntVarP(&o.Connections, "connections", "c", 64, "connections, each with one request under way")
	flags.DurationVarP(&o.Duration, "duration", "d", 20*time.Second, "time after which the run ends")
	flags.Int64Var(&o.TargetRecords, "target-records", 0, "records after which the run ends, whatever --duration's default says; 0: no such end")
	flags.IntVar(&o.Records, "records", api.RecordsMax, "records of a batch")
	flags.Uint64Var(&o.Seed, "seed", 1, "seed of the records' order; the same seed and clock give the same records")
	flags.IntVar(&o.Market.Sellers, "sellers", o.Market.Sellers, "sellers in the catalog")
	flags.IntVar(&o.Market.Products, "products", o.Market.Products, "products in the catalog")
	flags.IntVar(&o.Market.Buyers, "buyers", o.Market.Buyers, "buyers in the catalog, each with an agreement on each product")
	flags.IntVar(&o.Market.Dimensions, "dimensions", o.Market.Dimensions, "dimensions of each product")
	choiceVar(flags, &f.mode, "mode", "how buyers are addressed, by CustomerIdentifier or by licence", string(bench.Both), string(bench.Legacy), string(bench.Concurrent))
	choiceVar(flags, &f.operation, "operation", "operation to call", string(api.BatchMeterUsage), string(api.MeterUsage))
	flags.StringVar(&f.clock, "clock", "", "time that the service's clock was started at just now, if not this machine's")
	choiceVar(flags, &f.output, "output", "form of the report", "table", "json")
	flags.BoolVar(&f.printCatalog, "print-catalog", false, "print the catalog that the service needs, and do nothing else")
	flags.BoolVar(&f.ceiling, "ceiling", false, "serve canned verdicts instead of calling a service")
	flags.StringVar(&f.listen, "listen", "127.0.0.1:8421", "address of --ceiling; port 0 takes any that is free")
	f.logging.addFlags(flags)
	cmd.RunE = runE(func(cmd *cobra.Command, _ []string) error {
		if o.TargetRecords > 0 && !flags.Changed("duration") {
			o.Duration = bench.DurationMax
		}
		return f.run(cmd.Context(), o, cmd.OutOrStdout(), cmd.ErrOrStderr())
	})
	return cmd
}

func (f *benchFlags) run(ctx context.Context, o bench.Options, stdout, stderr io.Writer) (err error) {
	o.Market.Mode, o.Operation = bench.Mode(f.mode), api.Operation(f.operation)
	if err := o.Market.Check(); err != nil {
		return &usageError{err}
	}
	if f.clock != "" {
		if o.Clock, err = time.Parse(time.RFC3339, f.clock); err != nil {
			return usagef("--clock: %q is not a time such as 2026-11-22T00:54:00Z", f.clock)
		}
	}
	switch {
	case f.printCatalog:
		source, err := catalog.Format(o.Market.State())
		return printText(stdout, source, err)
	case f.ceiling:
		return f.serveCeiling(ctx, o, stdout, stderr)
	}
	if bar := newBar(stderr); bar != nil {
		o.OnProgress = bar.show
		defer bar.end()
	}
	report, err := bench.Run(ctx, o)
	if report == nil {
		return err
	}
	return errors.Join(f.print(stdout, report), err)
}

// serveCeiling serves the ceiling on a listener like the service's.
func (f *benchFlags) serveCeiling(ctx context.Context, o bench.Options, stdout, stderr io.Writer) error {
	market, err := marketplace.NewMarket(o.Market.State())
	if err != nil {
		return err
	}
	c := startClock(&options{parsedClock: o.Clock})
	logger := f.logger(stderr)
	l, err := listen("--listen", f.listen, logger)
	if err != nil {
		return err
	}
	l.handle(ceiling.New(market, c.Now))
	ended := make(chan error, 1)
	context.AfterFunc(ctx, func() { ended <- shutdown([]*listener{l}, logger) })
	fmt.Fprintf(stdout, "meterd ceiling api=%s\n", l.url())
	if err := l.serve(); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving: %w", err)
	}
	return <-ended
}

func (f *benchFlags) print(w io.Writer, r *bench.Report) error {
	if f.output == "json" {
		return printJSON(w, r)
	}
	rows := newTable(w, "FIGURE", "VALUE")
	for _, row := range r.Rows() {
		rows.row(row[0], row[1])
	}
	return rows.end()
}

// bar shows the progress of a run on a terminal.
type bar struct{ w io.Writer }

// newBar returns nil if nobody would see the bar.
func newBar(w io.Writer) *bar {
	f, ok := w.(*os.File)
	if !ok {
		return nil
	}
	if info, err := f.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return nil
	}
	return &bar{w}
}

func (b *bar) show(p bench.Progress) {
	const width = 40
	full := int(p.Done * width)
	fmt.Fprintf(b.w, "\r[%s%s] %3.0f %%  %6.1f s  %d records  %.0f/s ", strings.Repeat("=", full), strings.Repeat(" ", width-full),
		100*p.Done, p.Elapsed.Seconds(), p.Records, float64(p.Records)/p.Elapsed.Seconds())
}

func (b *bar) end() { fmt.Fprint(b.w, "\r\x1b[K") }
