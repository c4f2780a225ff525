package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/meterd/meterd/internal/agent"
	"github.com/meterd/meterd/internal/metering"
	"github.com/meterd/meterd/internal/outbox"
	"github.com/meterd/meterd/internal/plan"
)

// agentOptions are what `meterd agent` is told.
type agentOptions struct {
	logging

	config                    string
	endpoint, region, product string
	// These hold over the configuration's if they were given.
	data, listen, token, clock string
	settle                     time.Duration
	dryRun                     bool
	// tlsCert and tlsKey are files; empty: plain HTTP.
	tlsCert, tlsKey string
	// adminToken opens the surface that tells the clock.
	adminToken string
}

func newAgent() *cobra.Command {
	o := &agentOptions{}
	cmd := &cobra.Command{
		Use:   "agent (--config FILE | --data DIR --product CODE [--endpoint URL])",
		Short: "Take usage events, keep them, and tell them to the service",
		Long: `agent takes usage events over HTTP, adds them up by customer, dimension and hour,
and tells the service one record of each when the hour is over. An event that was
answered survives every crash, and counts once however often it is posted. What
the service refuses waits as a dead letter for a person.

When it is ready it prints one line:

  meterd ready agent=http://127.0.0.1:8422

A configuration file has several products and services, the way from metrics to
dimensions, and alerts; "meterd agent validate FILE" checks one. Flags hold over it.

Without --endpoint records go to AWS, in the Region and with the credentials of
the usual AWS configuration, or where AWS_ENDPOINT_URL_MARKETPLACE_METERING says.
All other commands go to a meterd on this machine when nothing is said. An --endpoint
on this machine gets the credentials of the demo marketplace if there are none. If
the clock of a meterd at --endpoint is steered, the agent follows it; --clock says
where else one is, or machine.`,
		Example: `  meterd agent --data outbox --product demo-saas --endpoint http://127.0.0.1:8421
  curl -d '{"id":"e1","customer":"cust-active","dimension":"users","quantity":5}' http://127.0.0.1:8422/v1/events`,
		GroupID: groupSeller,
		Args:    takesCommand,
		RunE: runE(func(cmd *cobra.Command, _ []string) error {
			p, err := o.plan(cmd.Flags())
			if err != nil {
				return err
			}
			return runAgent(cmd.Context(), p, o, cmd.OutOrStdout(), cmd.ErrOrStderr())
		}),
	}
	o.addFlags(cmd.Flags())
	cmd.AddCommand(newAgentValidate(), newAgentStatus(), newAgentDeadLetters(), newAgentRedrive(), newAgentDiscard(), newAgentCheck())
	return cmd
}

func (o *agentOptions) addFlags(flags *pflag.FlagSet) {
	flags.StringVar(&o.config, "config", "", "configuration file (YAML)")
	flags.StringVar(&o.data, "data", "", "directory that keeps what is not billed yet")
	flags.StringVar(&o.product, "product", "", "product code of the usage")
	flags.StringVar(&o.endpoint, "endpoint", "", "the service's URL (default AWS's)")
	flags.StringVar(&o.region, "region", "", "AWS Region (default that of the AWS configuration)")
	flags.StringVar(&o.listen, "listen", plan.DefaultListen, "address of the agent's API; port 0 takes any that is free")
	flags.StringVar(&o.token, "token", "", "token that requests must bear; without one only this machine may call")
	flags.StringVar(&o.tlsCert, "tls-cert", "", "certificate file (PEM); the agent's API then speaks TLS")
	flags.StringVar(&o.tlsKey, "tls-key", "", "the certificate's key file (PEM)")
	flags.DurationVar(&o.settle, "settle", plan.DefaultSettle, "how long after its end an hour waits for late events, at most 5h")
	flags.BoolVar(&o.dryRun, "dry-run", false, "count and freeze, and send nothing")
	flags.StringVar(&o.clock, "clock", plan.ClockAuto, "auto, machine, or the URL of the admin surface whose clock to follow")
	flags.StringVar(&o.adminToken, "admin-token", "", "token of that admin surface")
	o.logging.addFlags(flags)
}

// plan is that of the configuration file, or the one that the flags say.
func (o *agentOptions) plan(flags *pflag.FlagSet) (*plan.Plan, error) {
	if o.config != "" {
		for _, flag := range []string{"product", "endpoint", "region"} {
			// In the environment it is for the other commands.
			if flags.Changed(flag) && os.Getenv(environmentName(flag)) == "" {
				return nil, usagef("--%s goes without --config; the file says it", flag)
			}
		}
		p, err := plan.Load(o.config)
		if err != nil {
			return nil, err
		}
		return p, o.override(p, flags)
	}
	if o.product == "" {
		return nil, usagef("what is metered? use --product CODE, or --config FILE")
	}
	if o.endpoint != "" {
		if err := checkURL("--endpoint", o.endpoint); err != nil {
			return nil, err
		}
	}
	p := plan.ForProduct(metering.ProductCode(o.product), o.endpoint)
	p.Services[0].Region = o.region
	return p, o.override(p, flags)
}

// override lets flags that were given hold over the plan, and checks the whole.
func (o *agentOptions) override(p *plan.Plan, flags *pflag.FlagSet) error {
	given := map[string]func(){
		"data":    func() { p.Data = o.data },
		"listen":  func() { p.Listen = o.listen },
		"token":   func() { p.Token = o.token },
		"settle":  func() { p.Settle = o.settle },
		"dry-run": func() { p.DryRun = o.dryRun },
		"clock":   func() { p.Clock = o.clock },
	}
	for name, set := range given {
		if flags.Changed(name) {
			set()
		}
	}
	switch {
	case p.Data == "":
		return usagef("where is usage kept until it is billed? use --data DIR")
	case p.Settle < 0:
		return usagef("--settle: %s is negative", p.Settle)
	case p.Settle > plan.SettleMax:
		return usagef("--settle: %s is too long: %s", p.Settle, plan.SettleWhy)
	case p.Clock != plan.ClockAuto && p.Clock != plan.ClockMachine:
		if err := checkURL("--clock", p.Clock); err != nil {
			return err
		}
	}
	if (o.tlsCert == "") != (o.tlsKey == "") {
		return usagef("--tls-cert and --tls-key go together")
	}
	if err := checkAddress(p.Listen); err != nil {
		return usagef("--listen: %w", err)
	}
	if p.Token == "" && !isLoopback(p.Listen) {
		return usagef("--listen %s: other machines could tell usage that nobody has had; give a --token, or listen on 127.0.0.1", p.Listen)
	}
	return nil
}

func runAgent(ctx context.Context, p *plan.Plan, o *agentOptions, stdout, stderr io.Writer) error {
	logger := o.logger(stderr)
	l, err := listen("--listen", p.Listen, logger)
	if err != nil {
		return err
	}
	if o.tlsCert != "" {
		if err := l.useTLS(o.tlsCert, o.tlsKey); err != nil {
			return errors.Join(err, l.Close())
		}
	}
	a, err := agent.Open(ctx, agent.Config{
		Plan: p, Logger: logger, ClockToken: o.adminToken,
		Credentials: prepareLocal(ctx, p, logger),
	})
	if err != nil {
		return errors.Join(explainOutbox(p.Data, err), l.Close())
	}
	l.handle(a)
	fmt.Fprintf(stdout, "meterd ready agent=%s\n", l.url())
	err = serveAgent(ctx, a, l, logger)
	return errors.Join(err, a.Close())
}

// serveAgent has the agent work until its API is closed, so that whatever was
// accepted is frozen and sent as long as there is time.
func serveAgent(ctx context.Context, a *agent.Agent, l *listener, logger *slog.Logger) error {
	working, stop := context.WithCancel(context.WithoutCancel(ctx))
	var work sync.WaitGroup
	work.Go(func() { a.Run(working) })
	err := serveWhile(logger, func(broken <-chan error) error {
		select {
		case <-ctx.Done():
			return nil
		case err := <-broken:
			return fmt.Errorf("serving: %w", err)
		}
	}, l)
	stop()
	work.Wait()
	return err
}

func explainOutbox(data string, err error) error {
	if errors.Is(err, outbox.ErrLocked) {
		return &dataInUse{data}
	}
	return err
}
