package main

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/marketplacemetering"
	"github.com/spf13/cobra"
)

// meterRequest is the request as --cli-input-json has it.
type meterRequest struct {
	ProductCode      *string
	Timestamp        *instant
	UsageDimension   *string
	UsageQuantity    *int32
	DryRun           *bool
	UsageAllocations []usageAllocation
	ClientToken      *string
}

type meterAnswer struct {
	MeteringRecordId *string `json:",omitempty"`
}

func newMeterUsage() *cobra.Command {
	var (
		o operation
		f meterFlags
	)
	cmd := &cobra.Command{
		Use:   "meter-usage --product-code CODE --timestamp TIME --usage-dimension NAME",
		Short: "MeterUsage: tell the usage of an AMI, container or agent product",
		Long: `meter-usage tells usage from where a product runs. The credentials must be those
of an EC2 instance, ECS task, EKS pod or AgentCore runtime.
` + operationHelp,
		Example: `  meterd meter-usage --product-code demo-container --timestamp 2026-11-22T00:54:00Z --usage-dimension requests --usage-quantity 7
  meterd meter-usage --product-code demo-ami --timestamp 2026-11-22T00:54:00Z --usage-dimension requests --dry-run`,
		GroupID: groupOperation,
		RunE: runE(func(cmd *cobra.Command, args []string) error {
			var request meterRequest
			if err := o.readInput(cmd.InOrStdin(), &request); err != nil {
				return err
			}
			if err := f.take(cmd, args, &request); err != nil {
				return err
			}
			client, err := o.client(cmd.Context(), cmd.ErrOrStderr(), demoRunning(aws.ToString(request.ProductCode)))
			if err != nil {
				return err
			}
			output, err := client.MeterUsage(cmd.Context(), request.sdk())
			if err != nil {
				return explainRefusal(err)
			}
			return printAnswer(cmd.OutOrStdout(), o.output, meterAnswer{output.MeteringRecordId})
		}),
	}
	f.add(cmd)
	o.addFlags(cmd.Flags())
	return cmd
}

// meterFlags are the members of the request that have a flag.
type meterFlags struct {
	product, timestamp, dimension, clientToken string
	quantity                                   int32
	dryRun, noDryRun                           bool
	allocations                                []string
}

func (f *meterFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.product, "product-code", "", "product code")
	flags.StringVar(&f.timestamp, "timestamp", "", "when the usage happened")
	flags.StringVar(&f.dimension, "usage-dimension", "", "dimension")
	flags.Int32Var(&f.quantity, "usage-quantity", 0, "quantity")
	flags.BoolVar(&f.dryRun, "dry-run", false, "check everything and store nothing")
	flags.BoolVar(&f.noDryRun, "no-dry-run", false, "store it, which is the default")
	flags.StringArrayVar(&f.allocations, "usage-allocations", nil, "parts of the quantity with their tags, as AllocatedUsageQuantity=3,Tags=[{Key=a,Value=b}]; can be repeated")
	flags.StringVar(&f.clientToken, "client-token", "", "what makes retries of one call recognisable (default a new one)")
	cmd.MarkFlagsMutuallyExclusive("dry-run", "no-dry-run")
}

// take puts what the command line says into the request.
func (f *meterFlags) take(cmd *cobra.Command, args []string, r *meterRequest) error {
	setIfGiven(&r.ProductCode, f.product)
	setIfGiven(&r.UsageDimension, f.dimension)
	setIfGiven(&r.ClientToken, f.clientToken)
	if cmd.Flags().Changed("usage-quantity") {
		r.UsageQuantity = &f.quantity
	}
	if f.dryRun || f.noDryRun {
		r.DryRun = &f.dryRun
	}
	if f.timestamp != "" {
		t, err := parseInstant(f.timestamp)
		if err != nil {
			return usagef("--timestamp: %w", err)
		}
		r.Timestamp = (*instant)(&t)
	}
	if len(f.allocations) > 0 {
		list, err := parseStructures[usageAllocation](append(f.allocations, args...))
		if err != nil {
			return usagef("--usage-allocations: %w", err)
		}
		r.UsageAllocations = list
	} else if len(args) > 0 {
		return usagef("unexpected argument %q", args[0])
	}
	return needed(map[string]bool{"product-code": r.ProductCode != nil, "timestamp": r.Timestamp != nil, "usage-dimension": r.UsageDimension != nil})
}

func (r meterRequest) sdk() *marketplacemetering.MeterUsageInput {
	return &marketplacemetering.MeterUsageInput{
		ProductCode: r.ProductCode, Timestamp: r.Timestamp.sdk(), UsageDimension: r.UsageDimension,
		UsageQuantity: r.UsageQuantity, DryRun: r.DryRun, ClientToken: r.ClientToken,
		UsageAllocations: sdkAllocations(r.UsageAllocations),
	}
}
