package main

import (
	"cmp"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/marketplacemetering"
	"github.com/aws/aws-sdk-go-v2/service/marketplacemetering/types"
	"github.com/spf13/cobra"
)

// batchRequest is the request as --cli-input-json has it.
type batchRequest struct {
	ProductCode  *string
	UsageRecords []usageRecord
}

// batchAnswer is the answer as it is printed.
type batchAnswer struct {
	Results            []batchResult
	UnprocessedRecords []usageRecord
}

type batchResult struct {
	UsageRecord      usageRecord
	MeteringRecordId string `json:",omitempty"`
	Status           types.UsageRecordResultStatus
}

func newBatchMeterUsage() *cobra.Command {
	var (
		o       operation
		product string
		records []string
	)
	cmd := &cobra.Command{
		Use:   "batch-meter-usage --usage-records RECORD...",
		Short: "BatchMeterUsage: tell the usage of a SaaS product",
		Long: `batch-meter-usage tells usage of a SaaS product by its buyers.

A RECORD is aws-cli's shorthand (see the examples), JSON, or file://FILE.

Exit code 0 means that every record has the status Success. If one has another
status or was not processed, the answer is printed and the exit code is 1.
` + operationHelp,
		Example: `  meterd batch-meter-usage --product-code demo-saas --usage-records \
    Timestamp=2026-11-22T00:54:00Z,CustomerIdentifier=cust-active,Dimension=users,Quantity=3
  meterd batch-meter-usage --usage-records \
    'Timestamp=2026-11-22T00:54:00Z,CustomerAWSAccountId=999900001111,LicenseArn=arn:aws:license-manager::111122223333:license:l-demo0001,Dimension=users,Quantity=3,UsageAllocations=[{AllocatedUsageQuantity=3,Tags=[{Key=team,Value=blue}]}]'
  meterd batch-meter-usage --cli-input-json file://batch.json`,
		GroupID: groupOperation,
		RunE: runE(func(cmd *cobra.Command, args []string) error {
			var request batchRequest
			if err := o.readInput(cmd.InOrStdin(), &request); err != nil {
				return err
			}
			if product != "" {
				request.ProductCode = &product
			}
			if err := request.takeRecords(records, args); err != nil {
				return err
			}
			client, err := o.client(cmd.Context(), cmd.ErrOrStderr(), demoSeller)
			if err != nil {
				return err
			}
			output, err := client.BatchMeterUsage(cmd.Context(), request.sdk())
			if err != nil {
				return explainRefusal(err)
			}
			return batchAnswerOf(output).print(cmd.OutOrStdout(), o.output)
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&product, "product-code", "", "product code, for products that are not addressed by licence")
	flags.StringArrayVar(&records, "usage-records", nil, "records, one after another; can be repeated")
	o.addFlags(flags)
	return cmd
}

// takeRecords takes the records of the command line. aws-cli's flag takes all
// words that follow it; here those arrive as arguments.
func (b *batchRequest) takeRecords(flag, arguments []string) error {
	if len(flag) == 0 {
		if len(arguments) > 0 {
			return usagef("unexpected argument %q; records follow --usage-records", arguments[0])
		}
		if b.UsageRecords == nil {
			return usagef("--usage-records is missing")
		}
		return nil
	}
	list, err := parseStructures[usageRecord](append(flag, arguments...))
	if err != nil {
		return usagef("--usage-records: %w", err)
	}
	b.UsageRecords = list
	return nil
}

func (b batchRequest) sdk() *marketplacemetering.BatchMeterUsageInput {
	input := &marketplacemetering.BatchMeterUsageInput{ProductCode: b.ProductCode, UsageRecords: []types.UsageRecord{}}
	for _, r := range b.UsageRecords {
		input.UsageRecords = append(input.UsageRecords, r.sdk())
	}
	return input
}

func batchAnswerOf(o *marketplacemetering.BatchMeterUsageOutput) batchAnswer {
	answer := batchAnswer{Results: []batchResult{}, UnprocessedRecords: []usageRecord{}}
	for _, r := range o.Results {
		record := types.UsageRecord{}
		if r.UsageRecord != nil {
			record = *r.UsageRecord
		}
		answer.Results = append(answer.Results, batchResult{recordFromSDK(record), aws.ToString(r.MeteringRecordId), r.Status})
	}
	for _, r := range o.UnprocessedRecords {
		answer.UnprocessedRecords = append(answer.UnprocessedRecords, recordFromSDK(r))
	}
	return answer
}

// print prints the answer, and returns an error if a record was not accepted.
func (a batchAnswer) print(w io.Writer, output string) error {
	failed := len(a.UnprocessedRecords)
	for _, r := range a.Results {
		if r.Status != types.UsageRecordResultStatusSuccess {
			failed++
		}
	}
	if err := a.printAs(w, output); err != nil {
		return err
	}
	if failed > 0 {
		return fmt.Errorf("%d of %s not accepted", failed, count(len(a.Results)+len(a.UnprocessedRecords), "record"))
	}
	return nil
}

func (a batchAnswer) printAs(w io.Writer, output string) error {
	if output == "json" {
		return printJSON(w, a)
	}
	rows := newTable(w, "STATUS", "METERING RECORD ID", "CUSTOMER", "DIMENSION", "QUANTITY", "TIMESTAMP")
	for _, r := range a.Results {
		r.UsageRecord.row(rows, string(r.Status), r.MeteringRecordId)
	}
	for _, r := range a.UnprocessedRecords {
		r.row(rows, "Unprocessed", "")
	}
	return rows.end()
}

func (r usageRecord) row(rows *table, status, id string) {
	customer := cmp.Or(aws.ToString(r.LicenseArn), aws.ToString(r.CustomerAWSAccountId), aws.ToString(r.CustomerIdentifier))
	timestamp := ""
	if r.Timestamp != nil {
		timestamp = timeText(time.Time(*r.Timestamp))
	}
	rows.row(status, id, customer, aws.ToString(r.Dimension), strconv.Itoa(int(aws.ToInt32(r.Quantity))), timestamp)
}
