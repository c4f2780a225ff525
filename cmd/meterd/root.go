package main

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/spf13/cobra"
)

// usageTail follows the flags in every command's help.
const usageTail = `
Every flag can also be set in the environment: --admin-url as METERD_ADMIN_URL.
A flag on the command line wins.
`

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "meterd",
		Short: "A self-hosted AWS Marketplace Metering Service",
		Long: `meterd is an AWS Marketplace Metering Service that you run yourself: every AWS
client takes it for the real one.

Exit codes: 0 it worked; 1 it failed, or the service refused; 2 the command
line or the environment is wrong, and nothing was done; 3 it worked, and found
rows refused (import) or differences (reconcile).`,
		Example: `  meterd dev                                  # a service with a demo marketplace
  meterd serve --data /var/lib/meterd --catalog catalog.yaml
  meterd records                              # what was metered`,
		Version: versionText(),
		Args:    takesCommand,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			for _, warning := range unknownVariables(cmd.Root(), os.Environ()) {
				fmt.Fprintln(cmd.ErrOrStderr(), "meterd:", warning)
			}
			return bindEnvironment(cmd)
		},
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetVersionTemplate("{{.Version}}")
	root.SetUsageTemplate(root.UsageTemplate() + usageTail)
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddGroup(
		&cobra.Group{ID: groupService, Title: "The service:"},
		&cobra.Group{ID: groupSeller, Title: "The seller's side:"},
		&cobra.Group{ID: groupOperator, Title: "Operating it:"},
		&cobra.Group{ID: groupOperation, Title: "The four operations of the API:"},
	)
	root.SetHelpCommand(newHelp())
	root.AddCommand(
		newDev(), newServe(),
		newAgent(), newImport(), newReconcile(), newExplain(),
		newCatalog(), newRecords(), newTotals(), newToken(), newClock(), newReset(),
		newCheck(), newCheckpoint(), newBackup(), newRestore(), newExport(), newImportLedger(), newBench(),
		newBatchMeterUsage(), newMeterUsage(), newRegisterUsage(), newResolveCustomer(),
		newVersion(),
	)
	return root
}

const (
	groupService   = "service"
	groupSeller    = "seller"
	groupOperator  = "operator"
	groupOperation = "operation"
)

// failure is an error of doing, as opposed to one of asking: exit code 1, not 2.
type failure struct{ error }

func (f *failure) Unwrap() error { return f.error }

// finding is an end that is neither good nor a failure: exit code 3.
type finding struct{ error }

func (f *finding) Unwrap() error { return f.error }

func findingf(format string, args ...any) error { return &finding{fmt.Errorf(format, args...)} }

// usageError is a mistake in what was asked that shows only while doing it.
type usageError struct{ error }

func (u *usageError) Unwrap() error { return u.error }

func usagef(format string, args ...any) error { return &usageError{fmt.Errorf(format, args...)} }

// runE makes a command's RunE: whatever goes wrong in it is a failure, unless
// it says that it is a mistake in the command line.
func runE(run func(cmd *cobra.Command, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		err := run(cmd, args)
		var wrong *usageError
		if err == nil || errors.As(err, &wrong) {
			return err
		}
		return &failure{err}
	}
}

// takesCommand is for a command that has others below it: what it is given and
// does not know is one of them misspelled.
func takesCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return unknownCommand(cmd, args[0])
}

func unknownCommand(parent *cobra.Command, name string) error {
	var names []string
	for _, c := range parent.Commands() {
		names = append(names, c.Name())
	}
	if near := nearestName(name, names); near != "" {
		return fmt.Errorf("unknown command %q for %q; is %s meant?", name, parent.CommandPath(), near)
	}
	return fmt.Errorf("unknown command %q for %q", name, parent.CommandPath())
}

// newHelp is cobra's help, but that it refuses a command that there is not.
func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:     "help [COMMAND]",
		Short:   "Help about any command",
		Example: "  meterd help agent redrive",
		GroupID: groupOperator,
		RunE: func(cmd *cobra.Command, args []string) error {
			about := cmd.Root()
			for _, name := range args {
				i := slices.IndexFunc(about.Commands(), func(c *cobra.Command) bool { return c.Name() == name })
				if i < 0 {
					return unknownCommand(about, name)
				}
				about = about.Commands()[i]
			}
			return about.Help()
		},
	}
}

// takes makes a command take arguments of these names.
func takes(names ...string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) < len(names) {
			return fmt.Errorf("%s is missing", names[len(args)])
		}
		if len(args) > len(names) {
			return fmt.Errorf("unexpected argument %q", args[len(names)])
		}
		return nil
	}
}
