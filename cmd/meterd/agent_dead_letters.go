package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/meterd/meterd/internal/agent"
)

func newAgentDeadLetters() *cobra.Command {
	var (
		client agentClient
		output string
	)
	cmd := &cobra.Command{
		Use:   "dead-letters",
		Short: "List records that could not be billed and wait for a decision",
		Long: `dead-letters asks a running agent for the records that the service refused, or that
nobody could send before their deadline. They stay until you decide: "meterd agent
redrive" sends one again, "meterd agent discard" gives it up.`,
		Example: `  meterd agent dead-letters
  meterd agent dead-letters --output ndjson | jq -r .detail`,
		Args: takes(),
		RunE: runE(func(cmd *cobra.Command, _ []string) error {
			return printDeadLetters(cmd.OutOrStdout(), output, client.deadLetters(cmd.Context()))
		}),
	}
	client.addFlags(cmd.Flags())
	choiceVar(cmd.Flags(), &output, "output", "how to print", "table", "json", "ndjson")
	return cmd
}

// deadLetters asks a running agent, which sends one per line.
func (c *agentClient) deadLetters(ctx context.Context) iter.Seq2[agent.Record, error] {
	return func(yield func(agent.Record, error) bool) {
		answer, err := c.send(ctx, http.MethodGet, "/v1/dead-letters", nil, "application/x-ndjson")
		if err != nil {
			yield(agent.Record{}, err)
			return
		}
		defer answer.Body.Close()
		for lines := json.NewDecoder(answer.Body); ; {
			var line struct {
				agent.Record
				Error string `json:"error"`
			}
			err := lines.Decode(&line)
			if err == io.EOF {
				return
			}
			if err == nil && line.Error != "" {
				err = fmt.Errorf("the agent: %s", line.Error)
			}
			if !yield(line.Record, err) || err != nil {
				return
			}
		}
	}
}

func printDeadLetters(w io.Writer, output string, letters iter.Seq2[agent.Record, error]) error {
	if output == "ndjson" {
		lines := json.NewEncoder(w)
		for r, err := range letters {
			if err == nil {
				err = lines.Encode(r)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
	list := []agent.Record{}
	for r, err := range letters {
		if err != nil {
			return err
		}
		list = append(list, r)
	}
	if output == "json" {
		return printJSON(w, list)
	}
	rows := newTable(w, "RECORD", "HOUR", "PRODUCT", "CUSTOMER", "DIMENSION", "QUANTITY", "CAUSE", "DEADLINE")
	for _, r := range list {
		customer := string(r.Identifier) + string(r.Account)
		if r.License != "" {
			customer += " " + string(r.License)
		}
		rows.row(r.ID, r.Hour.Format("2006-01-02T15:04Z"), string(r.Product), customer, string(r.Dimension),
			strconv.FormatInt(r.Quantity, 10), string(r.Cause), r.Deadline.Format("2006-01-02T15:04Z"))
	}
	return rows.end()
}
