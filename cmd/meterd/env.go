package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const environmentPrefix = "METERD_"

// bindEnvironment sets the flags that the command line left out from the
// environment. An empty variable counts as none.
func bindEnvironment(cmd *cobra.Command) (err error) {
	flags := cmd.Flags()
	flags.VisitAll(func(f *pflag.Flag) {
		name := environmentName(f.Name)
		value := os.Getenv(name)
		if err != nil || f.Changed || value == "" || cobraFlag(cmd, f) {
			return
		}
		if wrong := flags.Set(f.Name, value); wrong != nil {
			if f.Value.Type() == "bool" {
				wrong = fmt.Errorf("%q is not one of true, false", value)
			}
			err = fmt.Errorf("environment variable %s: %w", name, wrong)
		}
	})
	return err
}

// cobraFlag reports whether a flag is cobra's own. Images often have a variable
// METERD_VERSION, which must not stand in the way.
func cobraFlag(cmd *cobra.Command, f *pflag.Flag) bool {
	return f.Name == "help" || f.Name == "version" && !cmd.HasParent()
}

func environmentName(flag string) string {
	return environmentPrefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// fromEnvironment reminds of flags that nobody has typed.
func fromEnvironment(flags ...string) string {
	for _, flag := range flags {
		if name := environmentName(flag); os.Getenv(name) != "" {
			return fmt.Sprintf("; %s is set in the environment", name)
		}
	}
	return ""
}

// foreignVariables begin the names of variables that Kubernetes sets in every
// pod beside a service of the name meterd.
var foreignVariables = []string{environmentPrefix + "SERVICE_", environmentPrefix + "PORT"}

// unknownVariables returns a warning for each variable of an environment that
// looks like one of ours and is no command's.
func unknownVariables(root *cobra.Command, environment []string) (warnings []string) {
	names := map[string]bool{}
	eachFlag(root, func(f *pflag.Flag) { names[environmentName(f.Name)] = true })
	names[endpointVariable] = true
	for _, variable := range environment {
		name, value, _ := strings.Cut(variable, "=")
		if !strings.HasPrefix(name, environmentPrefix) || value == "" || names[name] || foreign(name) {
			continue
		}
		warning := fmt.Sprintf("environment variable %s is not one of meterd's and is ignored", name)
		if near := nearestName(name, slices.Sorted(maps.Keys(names))); near != "" {
			warning += "; is " + near + " meant?"
		}
		warnings = append(warnings, warning)
	}
	return warnings
}

// typosMax is how many letters may be wrong in a name that is recognised.
const typosMax = 2

// noBreakSpace is part of a command's name for cobra; a space ends it.
const noBreakSpace = "\u00a0"

// nearestName returns the name that takes the fewest changes, or "". cobra
// counts them, as it does for its commands.
func nearestName(name string, names []string) string {
	list := &cobra.Command{}
	for _, n := range names {
		list.AddCommand(&cobra.Command{Use: strings.ReplaceAll(n, " ", noBreakSpace), Run: func(*cobra.Command, []string) {}})
	}
	for typos := 1; typos <= typosMax; typos++ {
		list.SuggestionsMinimumDistance = typos
		if near := list.SuggestionsFor(strings.ReplaceAll(name, " ", noBreakSpace)); len(near) > 0 {
			return strings.ReplaceAll(near[0], noBreakSpace, " ")
		}
	}
	return ""
}

func foreign(name string) bool {
	for _, prefix := range foreignVariables {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// eachFlag visits the flags of a command and of all below it.
func eachFlag(cmd *cobra.Command, visit func(*pflag.Flag)) {
	cmd.Flags().VisitAll(visit)
	cmd.PersistentFlags().VisitAll(visit)
	for _, child := range cmd.Commands() {
		eachFlag(child, visit)
	}
}
