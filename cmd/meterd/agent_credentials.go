package main

import (
	"context"
	"log/slog"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"

	"github.com/meterd/meterd/internal/plan"
)

// sandboxRegion is signed for on this machine if nobody says another.
const sandboxRegion = "us-east-1"

// prepareLocal makes services on this machine usable without any AWS
// configuration: it fills in a Region, and returns who signs for which service.
func prepareLocal(ctx context.Context, p *plan.Plan, logger *slog.Logger) func(*plan.Service) aws.CredentialsProvider {
	providers := map[string]aws.CredentialsProvider{}
	for i := range p.Services {
		if s := &p.Services[i]; onThisMachine(s.Endpoint) && s.Profile == "" {
			providers[s.Name] = localCredentials(ctx, s, logger)
		}
	}
	return func(s *plan.Service) aws.CredentialsProvider { return providers[s.Name] }
}

// localCredentials are the demo marketplace's if the official chain has none;
// nil leaves it to that chain.
func localCredentials(ctx context.Context, s *plan.Service, logger *slog.Logger) aws.CredentialsProvider {
	// Nobody who calls this machine wants to wait for EC2's metadata.
	official, err := config.LoadDefaultConfig(ctx, config.WithEC2IMDSClientEnableState(imds.ClientDisabled))
	if err != nil {
		return nil // making the client will say the same
	}
	if s.Region == "" && official.Region == "" {
		s.Region = sandboxRegion
	}
	if _, err := official.Credentials.Retrieve(ctx); err == nil || s.APIKey != "" {
		return nil
	}
	demo, err := demoSeller()
	if err != nil {
		return nil
	}
	logger.Info("no AWS credentials found; signing with those of the demo marketplace", "service", s.Name, "access_key_id", demo.AccessKeyID)
	return credentials.NewStaticCredentialsProvider(demo.AccessKeyID, demo.SecretAccessKey, demo.SessionToken)
}
