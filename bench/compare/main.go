// Command compare measures a meterd binary against the ceiling of this machine,
// and says which targets it meets. Each side is a process of its own on
// loopback, started afresh for each run, the two in turn, so that what else
// the machine does falls on both.
//
// It only measures: it may not tune what it starts, and it calls a miss a miss.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/meterd/meterd/bench"
)

// comparison is what to do, and what it found.
type comparison struct {
	meterd      string
	dir         string
	connections []int
	rounds      int
	duration    time.Duration
	records     int64
	market      bench.Market
	progress    io.Writer

	catalog string
	pairs   []pair
	footing footing
	single  single
	long    *long
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	c := comparison{market: bench.DefaultMarket, progress: stderr}
	flags := flag.NewFlagSet("compare", flag.ContinueOnError)
	flags.StringVar(&c.meterd, "meterd", "bin/meterd", "binary to measure")
	flags.StringVar(&c.dir, "dir", "", "directory for ledgers, on the disk to measure; a temporary one if empty")
	connections := flags.String("connections", "64,256", "numbers of connections to measure at")
	flags.IntVar(&c.rounds, "rounds", 3, "rounds at each number")
	flags.DurationVar(&c.duration, "duration", 10*time.Second, "length of one run")
	flags.Int64Var(&c.records, "records", 0, "length of a long run in records; 0: none")
	flags.IntVar(&c.market.Buyers, "buyers", c.market.Buyers, "buyers in the marketplace")
	if err := flags.Parse(args); err != nil {
		return err
	}
	for text := range strings.SplitSeq(*connections, ",") {
		n, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("-connections: %w", err)
		}
		c.connections = append(c.connections, n)
	}
	if err := c.measure(ctx); err != nil {
		return err
	}
	return c.print(stdout)
}

// measure does all that was asked for. The ledgers do not outlive it.
func (c *comparison) measure(ctx context.Context) error {
	base, err := os.MkdirTemp(c.dir, "meterd-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(base)
	c.dir = base
	if err := c.writeCatalog(ctx); err != nil {
		return err
	}
	for _, connections := range c.connections {
		for round := range c.rounds {
			c.tell("%d connections, round %d of %d", connections, round+1, c.rounds)
			if err := c.measurePair(ctx, connections); err != nil {
				return err
			}
		}
	}
	c.tell("one MeterUsage after the other")
	if err := c.measureSingle(ctx); err != nil {
		return err
	}
	if c.records == 0 {
		return nil
	}
	c.tell("%d records", c.records)
	return c.measureLong(ctx)
}

func (c *comparison) tell(format string, args ...any) {
	fmt.Fprintf(c.progress, format+"\n", args...)
}

func (c *comparison) writeCatalog(ctx context.Context) error {
	source, err := c.command(ctx, append([]string{"bench", "--print-catalog"}, c.marketFlags()...)...).Output()
	if err != nil {
		return fmt.Errorf("making the catalog: %w", explain(err))
	}
	c.catalog = filepath.Join(c.dir, "catalog.yaml")
	return os.WriteFile(c.catalog, source, 0o600)
}

func (c *comparison) marketFlags() []string {
	return []string{"--buyers", strconv.Itoa(c.market.Buyers)}
}
