package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/aws-sdk-go-v2/service/marketplacemetering"
	"github.com/aws/smithy-go"
	"github.com/spf13/pflag"

	"github.com/meterd/meterd/api"
	"github.com/meterd/meterd/client"
	"github.com/meterd/meterd/internal/marketplace"
)

// operationHelp ends the help of each of the four operations.
const operationHelp = `
The flags are those of aws-cli, and so is the answer. Times without a zone are
UTC (aws-cli takes them as local). --cli-input-json takes JSON, file://FILE, or
- for stdin; flags hold over it.

The endpoint is --endpoint-url, METERD_ENDPOINT,
AWS_ENDPOINT_URL_MARKETPLACE_METERING, or http://127.0.0.1:8421. Credentials
come from where every AWS client takes them; an endpoint on this machine gets
the demo marketplace's if there are none.

A refusal is printed with its name, message and request id, and with what to do;
it exits with 1.`

// operation is what the commands of the four operations have in common.
type operation struct {
	endpoint, region, awsProfile string
	inputJSON, output            string
}

func (o *operation) addFlags(flags *pflag.FlagSet) {
	flags.StringVar(&o.endpoint, "endpoint-url", "", "where the service is")
	flags.StringVar(&o.region, "region", "", "AWS Region to sign for (default that of the AWS configuration, else us-east-1)")
	flags.StringVar(&o.awsProfile, "aws-profile", "", "profile of the AWS configuration; aws-cli's --profile")
	flags.StringVar(&o.inputJSON, "cli-input-json", "", "the request as JSON, file://FILE, or - for stdin")
	choiceVar(flags, &o.output, "output", "how to print", "json", "table")
}

// readInput reads --cli-input-json into a request.
func (o *operation) readInput(stdin io.Reader, into any) error {
	if o.inputJSON == "" {
		return nil
	}
	text, err := readArgument(stdin, o.inputJSON)
	if err != nil {
		return fmt.Errorf("--cli-input-json: %w", err)
	}
	if err := decodeStrictly(text, into); err != nil {
		return usagef("--cli-input-json: %w", err)
	}
	return nil
}

// client makes the official SDK's client. demo is the credential of the demo
// marketplace that may make the call.
func (o *operation) client(ctx context.Context, stderr io.Writer, demo demoCaller) (*marketplacemetering.Client, error) {
	endpoint, err := o.resolveEndpoint()
	if err != nil {
		return nil, err
	}
	cfg, err := callerConfig(ctx, stderr, endpoint, o.region, o.awsProfile, demo)
	if err != nil {
		return nil, err
	}
	return marketplacemetering.NewFromConfig(cfg, func(c *marketplacemetering.Options) {
		c.BaseEndpoint = aws.String(endpoint)
	}), nil
}

// callerConfig finds Region and credentials for an endpoint.
func callerConfig(ctx context.Context, stderr io.Writer, endpoint, region, profile string, demo demoCaller) (aws.Config, error) {
	cfg, err := regionConfig(ctx, endpoint, region, profile)
	if err != nil {
		return aws.Config{}, err
	}
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
		if !onThisMachine(endpoint) || profile != "" {
			return aws.Config{}, usagef("no AWS credentials for %s; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile that has them with --aws-profile (%w)", endpoint, err)
		}
		credential, err := demo()
		if err != nil {
			return aws.Config{}, err
		}
		fmt.Fprintf(stderr, "meterd: no AWS credentials found; signing with those of the demo marketplace (%s)\n", credential.AccessKeyID)
		cfg.Credentials = credentials.NewStaticCredentialsProvider(credential.AccessKeyID, credential.SecretAccessKey, credential.SessionToken)
	}
	return cfg, nil
}

// regionConfig finds the Region for an endpoint, and where credentials would
// come from. It calls nobody.
func regionConfig(ctx context.Context, endpoint, region, profile string) (aws.Config, error) {
	load := []func(*config.LoadOptions) error{config.WithRegion(region), config.WithDefaultRegion("us-east-1")}
	if profile != "" {
		load = append(load, config.WithSharedConfigProfile(profile))
	}
	if onThisMachine(endpoint) {
		// Nobody who calls this machine wants to wait for EC2's metadata.
		load = append(load, config.WithEC2IMDSClientEnableState(imds.ClientDisabled))
	}
	cfg, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return aws.Config{}, fmt.Errorf("reading the AWS configuration: %w", err)
	}
	return cfg, nil
}

// demoCaller finds a credential in the demo marketplace.
type demoCaller func() (marketplace.Credential, error)

// resolveEndpoint finds where the service is, and refuses what is no place.
func (o *operation) resolveEndpoint() (string, error) {
	return findEndpoint("--endpoint-url", o.endpoint)
}

// findEndpoint finds where the service is: where a flag says, the environment,
// or this machine.
func findEndpoint(flag, value string) (string, error) {
	for _, from := range []struct{ name, endpoint string }{
		{flag, value},
		{endpointVariable, os.Getenv(endpointVariable)},
		{"AWS_ENDPOINT_URL_MARKETPLACE_METERING", os.Getenv("AWS_ENDPOINT_URL_MARKETPLACE_METERING")},
	} {
		if from.endpoint != "" {
			return from.endpoint, checkURL(from.name, from.endpoint)
		}
	}
	return adminURLs[0], nil
}

// endpointVariable has no flag of its name.
const endpointVariable = environmentPrefix + "ENDPOINT"

// checkURL refuses what no service can be at. name is where it was given.
func checkURL(name, text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return usagef("%s: %q is not a URL such as %s", name, text, adminURLs[0])
	}
	return nil
}

func onThisMachine(endpoint string) bool {
	u, err := url.Parse(endpoint)
	return err == nil && isLoopback(net.JoinHostPort(u.Hostname(), "0"))
}

// explainRefusal says what the service answered: the exception's name, its
// message and the request's id; and, below it, the way out.
func explainRefusal(err error) error {
	var refusal smithy.APIError
	if !errors.As(err, &refusal) {
		return explainConnection(err)
	}
	text := fmt.Sprintf("%s: %s", refusal.ErrorCode(), refusal.ErrorMessage())
	var response *awshttp.ResponseError
	if errors.As(err, &response) && response.RequestID != "" {
		text += fmt.Sprintf(" (request %s)", response.RequestID)
	}
	told := client.Error{API: &api.Error{Name: api.ExceptionName(refusal.ErrorCode()), Message: refusal.ErrorMessage()}}
	return fmt.Errorf("%s\n  What to do: %s", text, told.Explanation().Do)
}
