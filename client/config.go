package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"golang.org/x/time/rate"
)

// Config says how to reach the service. The zero value does what every AWS SDK
// does: Region, endpoint and credentials come from the environment, the shared
// configuration files, or the machine's role.
type Config struct {
	// Region is the one whose endpoint is called; empty: the official chain's.
	Region string
	// Profile is the section of the shared configuration files; empty: the
	// official chain's.
	Profile string
	// Credentials sign the calls; nil: the official chain's.
	Credentials aws.CredentialsProvider

	// APIKey makes calls without a signature, as clients made from an OpenAPI
	// document do. Only meterd understands it, so Endpoint (or its environment
	// variable) must be set: AWS is never sent a key.
	APIKey string

	// Endpoint is the service's URL, such as http://127.0.0.1:8421; empty:
	// AWS_ENDPOINT_URL_MARKETPLACE_METERING, AWS_ENDPOINT_URL, endpoint_url of
	// the shared configuration, or the host of AWS in the Region.
	Endpoint string
	// FIPS and DualStack choose AWS's other hosts, as AWS_USE_FIPS_ENDPOINT and
	// AWS_USE_DUALSTACK_ENDPOINT do. Neither goes with an endpoint.
	FIPS, DualStack bool

	// HTTPClient sends the calls; nil: one made for this client. Redirects are
	// never followed, whatever it says of them: they would turn a call into a
	// GET, or send a signature elsewhere.
	HTTPClient *http.Client
	// AttemptTimeout is how long one attempt may take; 0: 30 seconds.
	AttemptTimeout time.Duration
	// Retryer decides which failures are tried again, how often and after what
	// pause; nil: the official SDK's, in the mode and with the attempts that
	// the official chain says (standard, 3).
	Retryer aws.Retryer
	// Rate is how many calls per second SubmitAll makes at most; 0: 9, which
	// is under AWS's quota. rate.Inf does not limit.
	Rate rate.Limit

	// WindowCheck says which usage is refused unsent because its time is over.
	WindowCheck WindowCheck
	// Now is this machine's clock; nil: time.Now.
	Now func() time.Time
}

// New makes a client. It reads environment and configuration files, but calls
// nobody: missing credentials show at the first call.
func New(ctx context.Context, cfg Config) (*Client, error) {
	official, err := config.LoadDefaultConfig(ctx, cfg.options()...)
	if err != nil {
		return nil, fmt.Errorf("loading AWS configuration: %w", err)
	}
	c := &Client{
		region:         official.Region,
		apiKey:         cfg.APIKey,
		credentials:    official.Credentials,
		http:           httpClient(cfg.HTTPClient),
		attemptTimeout: cfg.AttemptTimeout,
		retryer:        retryerOf(cfg.Retryer, official),
		pace:           newPace(cfg.Rate),
		clock:          clocks{now: cfg.Now},
	}
	if c.attemptTimeout == 0 {
		c.attemptTimeout = attemptTimeout
	}
	if c.clock.now == nil {
		c.clock.now = time.Now
	}
	if cfg.APIKey != "" {
		c.dialect = plainJSON
	}
	if err := c.resolveEndpoint(ctx, cfg, official); err != nil {
		return nil, fmt.Errorf("resolving endpoint: %w", err)
	}
	return c, nil
}

// options are the choices that are the official chain's own.
func (cfg Config) options() (options []func(*config.LoadOptions) error) {
	if cfg.Region != "" {
		options = append(options, config.WithRegion(cfg.Region))
	}
	if cfg.Profile != "" {
		options = append(options, config.WithSharedConfigProfile(cfg.Profile))
	}
	if cfg.Credentials != nil {
		options = append(options, config.WithCredentialsProvider(cfg.Credentials))
	}
	if cfg.HTTPClient != nil {
		options = append(options, config.WithHTTPClient(cfg.HTTPClient))
	}
	return options
}

func httpClient(given *http.Client) *http.Client {
	c := &http.Client{}
	if given != nil {
		*c = *given
	} else if transport, ok := http.DefaultTransport.(*http.Transport); ok {
		c.Transport = transport.Clone()
	}
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return c
}

func retryerOf(given aws.Retryer, official aws.Config) aws.Retryer {
	if given != nil {
		return given
	}
	standard := func(o *retry.StandardOptions) { o.MaxAttempts = official.RetryMaxAttempts } // 0: the SDK's default
	if official.RetryMode == aws.RetryModeAdaptive {
		return retry.NewAdaptiveMode(func(o *retry.AdaptiveModeOptions) {
			o.StandardOptions = append(o.StandardOptions, standard)
		})
	}
	return retry.NewStandard(standard)
}

// resolveEndpoint fills in where calls go, and what follows from that.
func (c *Client) resolveEndpoint(ctx context.Context, cfg Config, official aws.Config) error {
	e := endpoint{region: c.region, fips: cfg.FIPS, dualStack: cfg.DualStack, custom: cfg.Endpoint}
	if err := e.configured(ctx, official); err != nil {
		return err
	}
	var err error
	switch {
	case cfg.APIKey == "" && e.region == "":
		return errors.New("no AWS Region: give one, or set AWS_REGION, or region in the shared configuration")
	case cfg.APIKey != "" && e.custom == "":
		return errors.New("an API key needs Config.Endpoint, the URL of a meterd: AWS knows signatures only")
	}
	c.region = e.plainRegion()
	c.checksWindow = cfg.WindowCheck == WindowCheckAlways || cfg.WindowCheck == WindowCheckAWS && e.custom == ""
	c.url, err = e.resolve()
	return err
}
