package main

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/marketplacemetering"
	"github.com/spf13/cobra"
)

// registerRequest is the request as --cli-input-json has it.
type registerRequest struct {
	ProductCode      *string
	PublicKeyVersion *int32
	Nonce            *string
}

type registerAnswer struct {
	PublicKeyRotationTimestamp *instant `json:",omitempty"`
	Signature                  *string  `json:",omitempty"`
}

func newRegisterUsage() *cobra.Command {
	var (
		o              operation
		product, nonce string
		version        int32
	)
	cmd := &cobra.Command{
		Use:   "register-usage --product-code CODE --public-key-version N",
		Short: "RegisterUsage: ask whether a container may run",
		Long: `register-usage asks, as a starting container does, whether the product may run.
The signature in the answer is a JWT; 'meterd catalog public-key' prints the key
that verifies it. The credentials must be those of an ECS task or EKS pod.
` + operationHelp,
		Example: "  meterd register-usage --product-code demo-container --public-key-version 1 --nonce n-1",
		GroupID: groupOperation,
		Args:    takes(),
		RunE: runE(func(cmd *cobra.Command, _ []string) error {
			var request registerRequest
			if err := o.readInput(cmd.InOrStdin(), &request); err != nil {
				return err
			}
			setIfGiven(&request.ProductCode, product)
			setIfGiven(&request.Nonce, nonce)
			if cmd.Flags().Changed("public-key-version") {
				request.PublicKeyVersion = &version
			}
			if err := needed(map[string]bool{"product-code": request.ProductCode != nil, "public-key-version": request.PublicKeyVersion != nil}); err != nil {
				return err
			}
			client, err := o.client(cmd.Context(), cmd.ErrOrStderr(), demoRunning(aws.ToString(request.ProductCode)))
			if err != nil {
				return err
			}
			output, err := client.RegisterUsage(cmd.Context(), &marketplacemetering.RegisterUsageInput{
				ProductCode: request.ProductCode, PublicKeyVersion: request.PublicKeyVersion, Nonce: request.Nonce,
			})
			if err != nil {
				return explainRefusal(err)
			}
			return printAnswer(cmd.OutOrStdout(), o.output, registerAnswer{(*instant)(output.PublicKeyRotationTimestamp), output.Signature})
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&product, "product-code", "", "product code")
	flags.Int32Var(&version, "public-key-version", 0, "version of the key to sign with")
	flags.StringVar(&nonce, "nonce", "", "text to find again in the signature")
	o.addFlags(flags)
	return cmd
}
