package main

import (
	"fmt"
	"os"
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
