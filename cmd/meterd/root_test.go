package main

import (
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// TestCommandsExplainThemselves holds every command to having a summary and an
// example, and every flag to saying what it is.
func TestCommandsExplainThemselves(t *testing.T) {
	walk(newRoot(), func(cmd *cobra.Command) {
		if cmd.Name() == "help" || cmd.Name() == "completion" {
			return // cobra's own
		}
		if cmd.Short == "" || cmd.Example == "" {
			t.Errorf("%s: summary %q, example %q", cmd.CommandPath(), cmd.Short, cmd.Example)
		}
		if cmd.HasParent() && cmd.Parent() == cmd.Root() && cmd.GroupID == "" {
			t.Errorf("%s is in no group", cmd.CommandPath())
		}
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Usage == "" {
				t.Errorf("%s: flag --%s says nothing", cmd.CommandPath(), f.Name)
			}
		})
	})
}

// TestEveryFlagHasAnEnvironmentVariable sets each flag from the environment to
// what it has anyway, and sees that it counts as given.
func TestEveryFlagHasAnEnvironmentVariable(t *testing.T) {
	samples := map[string]string{"bool": "true", "int32": "7", "n": "7", "strings": "a=b", "stringToString": "a=b"}
	walk(newRoot(), func(cmd *cobra.Command) {
		if !cmd.HasParent() || cmd.Name() == "help" || cmd.Name() == "completion" {
			return
		}
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			value := samples[f.Value.Type()]
			if value == "" {
				value = f.DefValue
			}
			if value == "" {
				value = "text"
			}
			t.Run(cmd.Name()+" "+f.Name, func(t *testing.T) {
				t.Setenv(environmentName(f.Name), value)
				if err := bindEnvironment(cmd); err != nil {
					t.Fatal(err)
				}
				if !f.Changed {
					t.Errorf("--%s was not set by %s", f.Name, environmentName(f.Name))
				}
			})
		})
	})
}

func walk(cmd *cobra.Command, visit func(*cobra.Command)) {
	visit(cmd)
	for _, child := range cmd.Commands() {
		walk(child, visit)
	}
}
