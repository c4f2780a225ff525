package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/meterd/meterd/client"
)

func newExplain() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "explain [NAME | FILE | -]",
		Short: "Say in plain words what an error or verdict means, and the way out",
		Long: `explain says what an answer of the service means, why it usually comes, what to
do, and whether sending again can help. It asks nobody: it works without a
service and without a network.

NAME is an exception or a verdict; upper case and the ending Exception do not
matter. FILE, or - for stdin, is what you kept of a failure: a whole HTTP answer
(curl -i or -v), its body, an event of CloudTrail, a log, or the error of any SDK.
Without an argument it lists the names.`,
		Example: `  meterd explain
  meterd explain DuplicateRecord
  meterd explain throttling
  curl -si … | meterd explain -
  aws meteringmarketplace batch-meter-usage … 2>&1 | meterd explain -`,
		GroupID: groupSeller,
		RunE: runE(func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return printNames(cmd.OutOrStdout(), output)
			}
			list, err := explain(cmd.InOrStdin(), strings.Join(args, " "))
			if err != nil {
				return err
			}
			return printExplanations(cmd.OutOrStdout(), output, list)
		}),
	}
	choiceVar(cmd.Flags(), &output, "output", "how to print", "text", "json")
	return cmd
}

// explain explains a name, or what is in a file. A name is taken first: whoever
// has a file of such a name writes ./ before it.
func explain(stdin io.Reader, argument string) ([]client.Explanation, error) {
	var names []string
	for _, e := range client.Explanations() {
		if plainName(e.Name) == plainName(argument) {
			return []client.Explanation{e}, nil
		}
		names = append(names, e.Name)
	}
	var text []byte
	var err error
	if argument == "-" {
		text, err = io.ReadAll(io.LimitReader(stdin, captureBytesMax))
	} else {
		text, err = readCapture(argument)
	}
	if errors.Is(err, fs.ErrNotExist) {
		hint := "'meterd explain' lists the names"
		if near := nearestName(argument, names); near != "" {
			hint = "is " + near + " meant?"
		}
		return nil, usagef("%q is neither a name that is known nor a file; %s", argument, hint)
	}
	if err != nil {
		return nil, fmt.Errorf("reading what is to be explained: %w", err)
	}
	list := client.ExplainCapture(text)
	if list == nil {
		return nil, errors.New("there is no answer of the service in that, and no name of an error")
	}
	return list, nil
}

// readCapture reads the beginning of a file.
func readCapture(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, captureBytesMax))
}

// plainName is a name as people remember it.
func plainName(name string) string {
	return strings.TrimSuffix(strings.ToLower(name), "exception")
}

// printNames lists what can be explained, with what it means.
func printNames(w io.Writer, output string) error {
	if output == "json" {
		return printExplanations(w, output, client.Explanations())
	}
	rows := newTable(w, "NAME", "WHAT HAPPENED")
	for _, e := range client.Explanations() {
		what, _, _ := strings.Cut(e.What, ". ")
		rows.row(e.Name, strings.TrimSuffix(what, "."))
	}
	return rows.end()
}

// explanation is an explanation as JSON has it.
type explanation struct {
	Name  string       `json:"name"`
	What  string       `json:"what"`
	Why   string       `json:"why"`
	Do    string       `json:"do"`
	Retry client.Retry `json:"retry"`
}

func printExplanations(w io.Writer, output string, list []client.Explanation) error {
	if output == "json" {
		texts := make([]explanation, len(list))
		for i, e := range list {
			texts[i] = explanation(e)
		}
		return printJSON(w, texts)
	}
	for i, e := range list {
		if i > 0 {
			fmt.Fprintln(w)
		}
		if _, err := fmt.Fprint(w, e); err != nil {
			return fmt.Errorf("printing: %w", err)
		}
	}
	return nil
}
