package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/meterd/meterd/internal/reconcile"
)

// reconcileFlags are the flags of reconcile.
type reconcileFlags struct {
	ours    ourLedger
	service serviceLedger

	from, to, product, customer, output string
	all                                 bool
}

func newReconcile() *cobra.Command {
	f := &reconcileFlags{}
	cmd := &cobra.Command{
		Use:   "reconcile",
		Short: "Compare what you told with what the service keeps",
		Long: `reconcile puts your own ledger of usage and the service's side by side, by product,
buyer, dimension and hour, and names each difference:

  never sent               it waits, or its time ran out
  sent and refused         it is not billed; the reason says why
  sent, not there          no verdict was kept, and the service has nothing
  accepted, not there      you hold a receipt, and the service has nothing
  different quantity       the service bills another quantity
  not ours                 the service has what your ledger does not
  there, verdict not kept  it is billed, and your ledger does not know yet
  given up, but there      it was discarded or carried on, and is billed

Your ledger is an agent that runs (--agent-url), the data directory of one that
does not (--outbox), or the result file of an import (--import, which may be
repeated). The service's is a meterd that runs (--admin-url, else one on this
machine), the data directory of one that does not (--data), or, for AWS,
CloudTrail's files as AWS exports them (--cloudtrail: a file, or a directory with
.json and .json.gz).

Choose a period that both have: CloudTrail shows the last 90 days and is some 15
minutes late, and hours that are not over yet are in nobody's ledger.

Exit codes: 0 the ledgers are equal; 1 one could not be read; 2 the command line is
wrong; 3 they differ.`,
		Example: `  meterd reconcile
  meterd reconcile --outbox /var/lib/agent --cloudtrail trail/ --from 2026-11-01 --to 2026-12-01
  meterd reconcile --import usage.result.csv --data /var/lib/meterd --output csv --all`,
		GroupID: groupSeller,
		Args:    takes(),
		RunE: runE(func(cmd *cobra.Command, _ []string) error {
			return f.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		}),
	}
	f.addFlags(cmd.Flags())
	return cmd
}

func (f *reconcileFlags) addFlags(flags *pflag.FlagSet) {
	f.ours.client.addFlags(flags)
	flags.StringVar(&f.ours.outbox, "outbox", "", "data directory of an agent that does not run")
	flags.StringArrayVar(&f.ours.results, "import", nil, "result file of meterd import; may be repeated")
	f.service.client.addFlags(flags)
	flags.StringVar(&f.service.data, "data", "", "data directory of a service that does not run")
	flags.StringArrayVar(&f.service.trails, "cloudtrail", nil, "file or directory of CloudTrail; may be repeated")
	flags.StringVar(&f.from, "from", "", "first hour, as 2026-11-22T00:00:00Z or a day")
	flags.StringVar(&f.to, "to", "", "end of the last hour")
	flags.StringVar(&f.product, "product", "", "product code")
	flags.StringVar(&f.customer, "customer", "", "CustomerIdentifier, account or licence of the buyer")
	flags.BoolVar(&f.all, "all", false, "show equal records too")
	choiceVar(flags, &f.output, "output", "how to print", "table", "json", "csv")
}

func (f *reconcileFlags) run(ctx context.Context, stdout, stderr io.Writer) error {
	first, end, err := readPeriod(f.from, f.to)
	if err != nil {
		return err
	}
	filter := reconcile.Filter{From: first, To: end, Product: f.product, Customer: f.customer}
	if err := cmp.Or(f.ours.check(), f.service.check()); err != nil {
		return err
	}
	ours, err := f.ours.read(ctx, stderr)
	if err != nil {
		return fmt.Errorf("reading your ledger: %w", err)
	}
	service, err := f.service.read(ctx)
	if err != nil {
		return fmt.Errorf("reading the service's ledger: %w", err)
	}
	report := reconcile.ReportOf(filter.Choose(reconcile.Compare(ours, service)), f.all)
	if err := printReconciliation(stdout, f.output, report); err != nil {
		return err
	}
	if !report.Equal {
		return &finding{errors.New("the ledgers differ")}
	}
	return nil
}
