package main

import (
	"github.com/aws/aws-sdk-go-v2/service/marketplacemetering"
	"github.com/spf13/cobra"
)

// resolveRequest is the request as --cli-input-json has it.
type resolveRequest struct{ RegistrationToken *string }

type resolveAnswer struct {
	CustomerIdentifier   *string `json:",omitempty"`
	ProductCode          *string `json:",omitempty"`
	CustomerAWSAccountId *string `json:",omitempty"`
	LicenseArn           *string `json:",omitempty"`
}

func newResolveCustomer() *cobra.Command {
	var (
		o     operation
		token string
	)
	cmd := &cobra.Command{
		Use:   "resolve-customer --registration-token TOKEN",
		Short: "ResolveCustomer: learn who a registration token stands for",
		Long: `resolve-customer tells which buyer of which product a registration token stands
for. 'meterd token' mints tokens to try it with.
` + operationHelp,
		Example: `  meterd resolve-customer --registration-token "$(meterd token --product demo-saas --customer cust-active)"`,
		GroupID: groupOperation,
		Args:    takes(),
		RunE: runE(func(cmd *cobra.Command, _ []string) error {
			var request resolveRequest
			if err := o.readInput(cmd.InOrStdin(), &request); err != nil {
				return err
			}
			setIfGiven(&request.RegistrationToken, token)
			if err := needed(map[string]bool{"registration-token": request.RegistrationToken != nil}); err != nil {
				return err
			}
			client, err := o.client(cmd.Context(), cmd.ErrOrStderr(), demoSeller)
			if err != nil {
				return err
			}
			output, err := client.ResolveCustomer(cmd.Context(), &marketplacemetering.ResolveCustomerInput{RegistrationToken: request.RegistrationToken})
			if err != nil {
				return explainRefusal(err)
			}
			return printAnswer(cmd.OutOrStdout(), o.output, resolveAnswer{
				output.CustomerIdentifier, output.ProductCode, output.CustomerAWSAccountId, output.LicenseArn,
			})
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&token, "registration-token", "", "the token that the buyer's browser brought, decoded once")
	o.addFlags(flags)
	return cmd
}
