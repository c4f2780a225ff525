package main

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/metering"
	"github.com/meterd/meterd/internal/server"
)

// options are what dev and serve have in common.
type options struct {
	logging

	listen string
	// adminListen is serve's only: dev has one port.
	adminListen string
	// adminToken is empty where the admin surface wants none.
	adminToken string
	place
	catalog string
	cors    []string
	// tlsCert and tlsKey are files; empty: plain HTTP.
	tlsCert, tlsKey   string
	allowReset, pprof bool

	// What follows is as it was typed; check parses it.
	clock, profile, throttle, retain string
	switches                         []string

	parsedClock    time.Time
	parsedThrottle server.Throttle
	parsedRetain   time.Duration
	parsedSwitches map[string]string
}

func (o *options) addFlags(flags *pflag.FlagSet) {
	flags.StringVar(&o.listen, "listen", "127.0.0.1:8421", "address of the API; port 0 takes any that is free")
	flags.StringVar(&o.adminToken, "admin-token", "", "token that requests under /_meterd/ must bear")
	flags.StringVar(&o.data, "data", "", "directory that keeps the ledger")
	flags.StringVar(&o.catalog, "catalog", "", "catalog file to apply at start and again on SIGHUP")
	flags.StringVar(&o.clock, "clock", "", "time that the service's clock starts at, as 2026-11-22T00:54:00Z; it runs on from there")
	flags.StringVar(&o.profile, "profile", "", "behaviour profile, over the catalog's: "+strings.Join(metering.ProfileNames, ", "))
	flags.StringSliceVar(&o.switches, "switch", nil, "switch of the profile as name=value, over the catalog's; can be repeated")
	flags.StringVar(&o.throttle, "throttle", "off", "calls per second of an account, Region and operation: off, aws (AWS's published rates), or a number")
	flags.BoolVar(&o.pprof, "pprof", false, "serve profiles of the process under /_meterd/pprof/")
	o.logging.addFlags(flags)
}

// check parses what has a form and refuses what is wrong, before anything is
// opened.
func (o *options) check() (err error) {
	for flag, address := range map[string]string{"--listen": o.listen, "--admin-listen": o.adminListen} {
		if err := checkAddress(address); err != nil {
			return usagef("%s: %w", flag, err)
		}
	}
	if o.clock != "" {
		if o.parsedClock, err = time.Parse(time.RFC3339, o.clock); err != nil {
			return usagef("--clock: %q is not a time such as 2026-11-22T00:54:00Z", o.clock)
		}
	}
	if o.parsedThrottle, err = server.ParseThrottle(o.throttle); err != nil {
		return usagef("--throttle: %w", err)
	}
	if o.parsedRetain, err = parseRetain(o.retain); err != nil {
		return usagef("--retain: %w", err)
	}
	if o.profile != "" {
		if _, err = metering.ProfileNamed(o.profile); err != nil {
			return usagef("--profile: %w", err)
		}
	}
	if o.parsedSwitches, err = parseSwitches(o.switches); err != nil {
		return usagef("--switch: %w", err)
	}
	for _, origin := range o.cors {
		if err := checkOrigin(origin); err != nil {
			return usagef("--cors: %w", err)
		}
	}
	if (o.tlsCert == "") != (o.tlsKey == "") {
		return usagef("--tls-cert and --tls-key go together")
	}
	return nil
}

func parseSwitches(list []string) (map[string]string, error) {
	switches := map[string]string{}
	profile, err := metering.ProfileNamed(metering.DefaultProfile)
	if err != nil {
		return nil, err
	}
	for _, text := range list {
		name, value, ok := strings.Cut(text, "=")
		if !ok {
			return nil, fmt.Errorf("%q is not of the form name=value", text)
		}
		if err := profile.Set(name, value); err != nil {
			return nil, err
		}
		switches[name] = value
	}
	return switches, nil
}

// checkAddress refuses what cannot be listened on; empty is no address.
func checkAddress(address string) error {
	if address == "" {
		return nil
	}
	_, port, err := net.SplitHostPort(address)
	if err == nil {
		_, err = net.LookupPort("tcp", port)
	}
	if err != nil {
		return fmt.Errorf("%q is not an address such as 127.0.0.1:8421 or :8421", address)
	}
	return nil
}

// checkOrigin refuses what no browser sends as Origin, which would never match.
func checkOrigin(origin string) error {
	if origin == "*" {
		return nil
	}
	u, err := url.Parse(origin)
	if err == nil && (u.Scheme == "" || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.User != nil) {
		err = errors.New("not scheme://host[:port]")
	}
	if err != nil {
		return fmt.Errorf("%q is no origin; write one such as https://app.example.com, or *", origin)
	}
	return nil
}

// override makes the command line hold over a catalog's settings.
func (o *options) override(s *marketplace.Settings) {
	if o.profile != "" {
		s.Profile = o.profile
	}
	if len(o.parsedSwitches) > 0 {
		s.Switches = maps.Clone(s.Switches)
		if s.Switches == nil {
			s.Switches = map[string]string{}
		}
		maps.Copy(s.Switches, o.parsedSwitches)
	}
}
