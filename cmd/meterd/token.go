package main

import (
	"fmt"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/meterd/meterd/internal/admin"
)

func newToken() *cobra.Command {
	var (
		client  adminClient
		request admin.TokenRequest
		output  string
	)
	cmd := &cobra.Command{
		Use:   "token (--product CODE --customer NAME | --license-arn ARN)",
		Short: "Mint a registration token, as a buyer would bring one",
		Long: `token prints a fresh registration token, as AWS Marketplace makes one each time a
buyer goes to the seller's registration page. ResolveCustomer takes it for four
hours. The token alone goes to stdout, what else there is to say to stderr.`,
		Example: `  meterd token --product demo-saas --customer cust-active
  meterd resolve-customer --registration-token "$(meterd token --product demo-saas --customer cust-active)"`,
		GroupID: groupOperator,
		Args:    takes(),
		RunE: runE(func(cmd *cobra.Command, _ []string) error {
			named := request.Product != "" || request.Customer != ""
			if (request.License != "") == named || named && (request.Product == "" || request.Customer == "") {
				return usagef("say who buys what: --product and --customer, or --license-arn")
			}
			var token admin.Token
			if err := client.call(cmd.Context(), http.MethodPost, "token", request, &token); err != nil {
				return err
			}
			if output == "json" {
				return printJSON(cmd.OutOrStdout(), token)
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "licence %s, expires %s\n", token.License, token.Expires.Format("2006-01-02T15:04:05Z07:00"))
			fmt.Fprintln(cmd.OutOrStdout(), token.Token)
			return nil
		}),
	}
	flags := cmd.Flags()
	client.addFlags(flags)
	flags.StringVar((*string)(&request.Product), "product", "", "product code")
	flags.StringVar(&request.Customer, "customer", "", "CustomerIdentifier or account of the buyer")
	flags.StringVar((*string)(&request.License), "license-arn", "", "licence, where the buyer has several on the product")
	choiceVar(flags, &output, "output", "how to print", "text", "json")
	return cmd
}
