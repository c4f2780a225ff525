package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/time/rate"

	"github.com/meterd/meterd/api"
	"github.com/meterd/meterd/client"
	"github.com/meterd/meterd/internal/usagefile"
)

// importFlags are the flags of import.
type importFlags struct {
	endpoint, region, awsProfile    string
	product, format, result, output string
	mapping                         map[string]string
	sum, dryRun, retryRefused       bool
	rate                            float64

	// file is the argument.
	file string
}

// endpointAWS is what --endpoint has for AWS's own host.
const endpointAWS = "aws"

func newImport() *cobra.Command {
	f := &importFlags{}
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Tell the usage in a CSV or NDJSON file",
		Long: `import tells usage that stands in a file, a row for each buyer, dimension and hour,
and writes what became of each row into a result file.

The first line of a CSV names the columns; in NDJSON each line is an object.
Columns are found by AWS's names in any spelling (Timestamp, Dimension, Quantity,
CustomerIdentifier or CustomerAWSAccountId, LicenseArn, ProductCode,
UsageAllocations) or by --map. Rows with a LicenseArn go without product code.

The result file is also the journal: a run that was interrupted, or killed, goes
on with the same command. What may have been stored is sent again unchanged, and
answers with the same id. Nothing is told twice, and no row is left out.

Rows of the same buyer, dimension and hour are refused, all of them, because the
service takes one record: --sum adds them up.

Without an endpoint usage goes to a meterd on this machine, not to AWS as with
"meterd agent": a file that is tried out bills nobody. The endpoint is --endpoint,
METERD_ENDPOINT, AWS_ENDPOINT_URL_MARKETPLACE_METERING, or http://127.0.0.1:8421;
"aws" is AWS's own in the Region. Credentials come from where every AWS client takes
them; an endpoint on this machine gets the demo marketplace's if there are none.

Exit codes: 0 every row is accepted; 1 rows could not be told or have no verdict
(run it again); 2 the command line or the file as a whole is wrong; 3 rows were
refused. With --dry-run, which calls nobody, 3 means that rows would be refused.`,
		Example: `  meterd import usage.csv --product demo-saas --dry-run
  meterd import usage.csv --product demo-saas
  meterd import export.csv --map customer=CustomerId,quantity=Units --sum --endpoint aws --region us-east-1`,
		GroupID: groupSeller,
		Args:    takes("FILE"),
		RunE: runE(func(cmd *cobra.Command, args []string) error {
			f.file = args[0]
			return f.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&f.endpoint, "endpoint", "", `where the service is, or "aws" (default a meterd on this machine)`)
	flags.StringVar(&f.region, "region", "", "AWS Region to sign for (default that of the AWS configuration, else us-east-1)")
	flags.StringVar(&f.awsProfile, "aws-profile", "", "profile of the AWS configuration; aws-cli's --profile")
	flags.StringVar(&f.product, "product", "", "product code of rows that name none")
	flags.StringToStringVar(&f.mapping, "map", nil, "columns by what they hold: customer, account, license, product, dimension, time, quantity, allocations, tags")
	choiceVar(flags, &f.format, "format", "how the file is written; auto goes by its name", "auto", "csv", "ndjson")
	flags.StringVar(&f.result, "result", "", "result file (default FILE with .result before its ending)")
	flags.BoolVar(&f.sum, "sum", false, "add up rows of the same buyer, dimension and hour")
	flags.BoolVar(&f.dryRun, "dry-run", false, "say what would happen, and call nobody")
	flags.BoolVar(&f.retryRefused, "retry-refused", false, "tell rows again that the service refused in an earlier run")
	flags.Float64Var(&f.rate, "rate", 0, "calls per second at most (default 9, which is under AWS's quota)")
	choiceVar(flags, &f.output, "output", "how to print the report", "text", "json")
	return cmd
}

// run imports the file.
func (f *importFlags) run(ctx context.Context, stdout, stderr io.Writer) error {
	format, err := f.fileFormat()
	if err != nil {
		return err
	}
	resultFormat := cmp.Or(usagefile.FormatOf(f.result), format)
	file, err := f.read(format)
	if err != nil {
		return err
	}
	caller, err := f.caller(ctx, stderr)
	if err != nil {
		return err
	}
	run := &usagefile.Run{File: file, Client: caller, RetryRefused: f.retryRefused}
	var now time.Time // the service's clock decides when it is asked
	if f.dryRun {
		now = time.Now()
	}
	run.Records = file.Plan(usagefile.Planning{
		Sum:         f.sum,
		Check:       func(product *string, u *api.UsageRecord) error { return caller.Check(product, u, now) },
		Destination: caller.Endpoint() + " " + caller.Region(),
	})
	if f.dryRun {
		return f.rehearse(stdout, run, resultFormat)
	}
	run.Journal, err = usagefile.OpenJournal(f.result, resultFormat)
	if err != nil {
		return f.explainResult(err)
	}
	bar := newProgress(stderr, "records", time.Now)
	run.Progress = bar.show
	results, err := run.Do(ctx)
	bar.end()
	if results == nil {
		return f.explainResult(err)
	}
	return f.conclude(stdout, run.Report(results), err)
}

// fileFormat is the format of the file; it also names the result file.
func (f *importFlags) fileFormat() (usagefile.Format, error) {
	format := usagefile.Format(f.format)
	if f.format == "auto" {
		format = usagefile.FormatOf(f.file)
	}
	if format == "" {
		return "", usagef("%s does not end in .csv or .ndjson; say what it is with --format", f.file)
	}
	if f.result == "" {
		f.result = strings.TrimSuffix(f.file, filepath.Ext(f.file)) + ".result." + string(format)
	}
	if f.rate < 0 {
		return "", usagef("--rate: %v is not a number of calls per second", f.rate)
	}
	return format, nil
}

func (f *importFlags) read(format usagefile.Format) (*usagefile.File, error) {
	mapping, err := usagefile.ParseMapping(f.mapping)
	if err != nil {
		return nil, usagef("--map: %w", err)
	}
	in, err := os.Open(f.file)
	if err != nil {
		return nil, usagef("opening the file: %w", err)
	}
	defer in.Close()
	if same, err := os.Stat(f.result); err == nil {
		if own, err := in.Stat(); err != nil || os.SameFile(same, own) {
			return nil, usagef("--result: %s is the file itself", f.result)
		}
	}
	file, err := usagefile.Read(in, usagefile.Options{Format: format, Mapping: mapping, Product: f.product, ParseTime: parseInstant})
	if err != nil {
		return nil, usagef("reading %s: %w", f.file, err)
	}
	return file, nil
}

// caller makes the client that tells the records.
func (f *importFlags) caller(ctx context.Context, stderr io.Writer) (*client.Client, error) {
	cfg := client.Config{Region: f.region, Profile: f.awsProfile, Rate: rate.Limit(f.rate)}
	if f.endpoint != endpointAWS {
		endpoint, err := findEndpoint("--endpoint", f.endpoint)
		if err != nil {
			return nil, err
		}
		official, err := regionConfig(ctx, endpoint, f.region, f.awsProfile)
		if err == nil && !f.dryRun {
			official, err = callerConfig(ctx, stderr, endpoint, f.region, f.awsProfile, demoSeller)
		}
		if err != nil {
			return nil, err
		}
		cfg.Endpoint, cfg.Credentials, cfg.Region = endpoint, official.Credentials, official.Region
	}
	c, err := client.New(ctx, cfg)
	if err != nil {
		return nil, usagef("%w", err)
	}
	return c, nil
}

// explainResult says what to do about a result file that cannot be used.
func (f *importFlags) explainResult(err error) error {
	return usagef("the result file %s: %w", f.result, err)
}

// rehearse reports what a run would do.
func (f *importFlags) rehearse(stdout io.Writer, run *usagefile.Run, format usagefile.Format) error {
	earlier, err := usagefile.ReadResults(f.result, format)
	if err != nil && !os.IsNotExist(err) {
		return f.explainResult(err)
	}
	results, err := run.Outlook(earlier)
	if err != nil {
		return f.explainResult(err)
	}
	report := run.Report(results)
	if err := printImport(stdout, f.output, report, f.dryRun, f.result); err != nil {
		return err
	}
	if n := len(report.Refused); n > 0 {
		return findingf("%s would be refused", count(n, "row"))
	}
	return nil
}

// conclude prints what a run did, and turns it into an exit code.
func (f *importFlags) conclude(stdout io.Writer, report usagefile.Report, failure error) error {
	if err := printImport(stdout, f.output, report, f.dryRun, f.result); err != nil {
		return err
	}
	open := 0
	for verdict, n := range report.Verdicts {
		if verdict.Open() {
			open += n
		}
	}
	switch {
	case failure != nil && open > 0:
		return fmt.Errorf("%s without a verdict; run the same command again to go on: %w", count(open, "row"), failure)
	case failure != nil:
		return failure
	case open > 0:
		return fmt.Errorf("%s without a verdict; %s says which and why", count(open, "row"), f.result)
	case len(report.Refused) > 0:
		return findingf("%s refused; %s says which and why", count(len(report.Refused), "row"), f.result)
	}
	return nil
}
