package main

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/meterd/meterd/internal/admin"
	"github.com/meterd/meterd/internal/clock"
)

func newClock() *cobra.Command {
	c := &clockCommand{}
	cmd := &cobra.Command{
		Use:   "clock",
		Short: "Show or steer the service's clock",
		Long: `clock shows the time that a running service goes by, and its subcommands steer it,
so that a month's end fits into a test.`,
		Example: `  meterd clock
  meterd clock set 2026-11-30T23:59:00Z
  meterd clock advance 1h30m
  meterd clock scale 60        # an hour passes in a minute
  meterd clock freeze
  meterd clock reset           # the machine's time again`,
		GroupID: groupOperator,
		Args:    takesCommand,
		RunE:    runE(c.show),
	}
	c.client.addFlags(cmd.PersistentFlags())
	choiceVar(cmd.PersistentFlags(), &c.output, "output", "how to print", "text", "json")
	cmd.AddCommand(
		&cobra.Command{Use: "show", Short: "Show the time", Example: "  meterd clock show --output json", Args: takes(), RunE: runE(c.show)},
		c.steering("set TIME", "meterd clock set 2026-11-30T23:59:00Z", "Set the time; the clock goes on at its pace", takes("TIME"), func(args []string) (admin.ClockChange, error) {
			if _, err := time.Parse(time.RFC3339, args[0]); err != nil {
				return admin.ClockChange{}, usagef("%q is not a time such as 2026-11-30T23:59:00Z", args[0])
			}
			return admin.ClockChange{Now: &args[0]}, nil
		}),
		c.steering("advance DURATION", "meterd clock advance 1h30m", "Move the time by a duration such as 1h30m", takes("DURATION"), func(args []string) (admin.ClockChange, error) {
			if _, err := time.ParseDuration(args[0]); err != nil {
				return admin.ClockChange{}, usagef("%q is not a duration such as 1h30m; a day is 24h", args[0])
			}
			return admin.ClockChange{Advance: &args[0]}, nil
		}),
		c.steering("scale N", "meterd clock scale 60", "Let N seconds pass in one", takes("N"), func(args []string) (admin.ClockChange, error) {
			scale, err := strconv.ParseFloat(args[0], 64)
			if err != nil {
				return admin.ClockChange{}, usagef("%q is not a number", args[0])
			}
			if err := new(clock.Clock).Scale(scale); err != nil {
				return admin.ClockChange{}, &usageError{err}
			}
			return admin.ClockChange{Scale: &scale}, nil
		}),
		c.steering("freeze", "meterd clock freeze", "Stop the clock", takes(), func([]string) (admin.ClockChange, error) {
			return admin.ClockChange{Freeze: new(true)}, nil
		}),
		c.steering("reset", "meterd clock reset", "Make the clock the machine's again", takes(), func([]string) (admin.ClockChange, error) {
			return admin.ClockChange{Reset: true}, nil
		}),
	)
	return cmd
}

type clockCommand struct {
	client adminClient
	output string
}

func (c *clockCommand) show(cmd *cobra.Command, _ []string) error {
	var state clock.State
	if err := c.client.call(cmd.Context(), http.MethodGet, "clock", nil, &state); err != nil {
		return err
	}
	return c.print(cmd.OutOrStdout(), state)
}

// steering makes a command that changes the clock as its arguments say.
func (c *clockCommand) steering(use, example, short string, args cobra.PositionalArgs, change func([]string) (admin.ClockChange, error)) *cobra.Command {
	return &cobra.Command{Use: use, Short: short, Example: "  " + example, Args: args, RunE: runE(func(cmd *cobra.Command, args []string) error {
		request, err := change(args)
		if err != nil {
			return err
		}
		var state clock.State
		if err := c.client.call(cmd.Context(), http.MethodPut, "clock", request, &state); err != nil {
			return err
		}
		return c.print(cmd.OutOrStdout(), state)
	})}
}

func (c *clockCommand) print(w io.Writer, state clock.State) error {
	if c.output == "json" {
		return printJSON(w, state)
	}
	pace := fmt.Sprintf("runs %g times as fast", state.Scale)
	switch {
	case state.Real:
		pace = "the machine's"
	case state.Scale == 0:
		pace = "frozen"
	case state.Scale == 1:
		pace = "set, and running"
	}
	fmt.Fprintf(w, "%s (%s)\n", state.Now.Format(time.RFC3339), pace)
	return nil
}
