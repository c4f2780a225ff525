package client

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// serviceID is what the official SDK calls the service; the names of its
// environment variable and its section in shared configuration follow from it.
const serviceID = "Marketplace Metering"

// endpoint is what decides where the calls go. The rules are those of the
// official SDK; a test holds them equal to its resolver.
type endpoint struct {
	region          string
	fips, dualStack bool
	// custom is a URL that replaces AWS's hosts; empty: none does.
	custom string
}

// What the sources of the official configuration may know.
type (
	fipsSource interface {
		GetUseFIPSEndpoint(context.Context) (aws.FIPSEndpointState, bool, error)
	}
	dualStackSource interface {
		GetUseDualStackEndpoint(context.Context) (aws.DualStackEndpointState, bool, error)
	}
	ignoreURLSource interface {
		GetIgnoreConfiguredEndpoints(context.Context) (bool, bool, error)
	}
	serviceURLSource interface {
		GetServiceBaseEndpoint(context.Context, string) (string, bool, error)
	}
)

// ask returns the answer of the first source that has one.
func ask[S, V any](sources []any, question func(S) (V, bool, error)) (v V, found bool, err error) {
	for _, source := range sources {
		if s, ok := source.(S); ok {
			if v, found, err = question(s); found || err != nil {
				return v, found, err
			}
		}
	}
	return v, false, nil
}

// configured adds what environment and shared configuration say.
func (e *endpoint) configured(ctx context.Context, official aws.Config) error {
	fips, _, err := ask(official.ConfigSources, func(s fipsSource) (aws.FIPSEndpointState, bool, error) {
		return s.GetUseFIPSEndpoint(ctx)
	})
	if err != nil {
		return err
	}
	dualStack, _, err := ask(official.ConfigSources, func(s dualStackSource) (aws.DualStackEndpointState, bool, error) {
		return s.GetUseDualStackEndpoint(ctx)
	})
	if err != nil {
		return err
	}
	e.fips = e.fips || fips == aws.FIPSEndpointStateEnabled || e.plainRegion() != e.region
	e.dualStack = e.dualStack || dualStack == aws.DualStackEndpointStateEnabled
	if e.custom == "" {
		e.custom, err = configuredURL(ctx, official)
	}
	return err
}

// configuredURL finds endpoint_url in the official order: the service's own in
// the environment, everybody's in the environment, the service's own in the
// shared configuration, everybody's there.
func configuredURL(ctx context.Context, official aws.Config) (string, error) {
	everybodys := ""
	if official.BaseEndpoint != nil {
		everybodys = *official.BaseEndpoint
	}
	_, general := os.LookupEnv("AWS_ENDPOINT_URL")
	_, own := os.LookupEnv("AWS_ENDPOINT_URL_MARKETPLACE_METERING")
	if general && !own {
		return everybodys, nil
	}
	ignore, _, err := ask(official.ConfigSources, func(s ignoreURLSource) (bool, bool, error) {
		return s.GetIgnoreConfiguredEndpoints(ctx)
	})
	if err != nil || ignore {
		return everybodys, err
	}
	services, found, err := ask(official.ConfigSources, func(s serviceURLSource) (string, bool, error) {
		return s.GetServiceBaseEndpoint(ctx, serviceID)
	})
	if err != nil || found {
		return services, err
	}
	return everybodys, nil
}

// plainRegion is the Region that a pseudo-Region such as fips-us-east-1 means.
func (e endpoint) plainRegion() string {
	region := strings.ReplaceAll(e.region, "-fips-", "-")
	region = strings.ReplaceAll(region, "fips-", "")
	return strings.ReplaceAll(region, "-fips", "")
}

func (e endpoint) resolve() (*url.URL, error) {
	if e.custom != "" {
		return e.resolveCustom()
	}
	host, err := e.host()
	if err != nil {
		return nil, err
	}
	return &url.URL{Scheme: "https", Host: host, Path: "/"}, nil
}

func (e endpoint) resolveCustom() (*url.URL, error) {
	switch {
	case e.fips:
		return nil, errors.New("FIPS and a custom endpoint exclude each other")
	case e.dualStack:
		return nil, errors.New("dual-stack and a custom endpoint exclude each other")
	}
	u, err := url.Parse(e.custom)
	// What cannot be read is not shown: there may be a password in it.
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return nil, errors.New("the endpoint must be a URL like http://127.0.0.1:8421")
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("the endpoint must be a URL without user, query and fragment")
	}
	if u.Path == "" {
		u.Path = "/"
	}
	return u, nil
}

// regionPattern is what may stand in a host name.
var regionPattern = regexp.MustCompile(`^` + hostLabel + `(\.` + hostLabel + `)*$`)

const hostLabel = `[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?`

// host is AWS's own. Dual-stack hosts have a hyphen where the others have a
// dot, but not in the isolated partitions.
func (e endpoint) host() (string, error) {
	region := e.plainRegion()
	if !regionPattern.MatchString(region) {
		return "", fmt.Errorf("%q is no AWS Region", e.region)
	}
	p := partitionOf(region)
	name, suffix := "metering.marketplace", p.dnsSuffix
	switch {
	case e.fips:
		name = "metering.marketplace-fips"
	case e.dualStack && !p.isolated, p.hyphen && !e.dualStack:
		name = "metering-marketplace"
	}
	if e.dualStack {
		suffix = p.dualStackSuffix
	}
	return name + "." + region + "." + suffix, nil
}
