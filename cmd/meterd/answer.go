package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// printAnswer prints the members of an answer, as JSON or one per line.
func printAnswer(w io.Writer, output string, answer any) error {
	if output == "json" {
		return printJSON(w, answer)
	}
	text, err := json.Marshal(answer)
	if err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	var members map[string]string
	if err := json.Unmarshal(text, &members); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	rows := newTable(w, "MEMBER", "VALUE")
	for _, name := range slices.Sorted(maps.Keys(members)) {
		rows.row(name, members[name])
	}
	return rows.end()
}

// setIfGiven lets a flag that was given hold over --cli-input-json.
func setIfGiven(member **string, flag string) {
	if flag != "" {
		*member = &flag
	}
}

// needed refuses a request that lacks members; flags are by name, and whether
// they are there.
func needed(flags map[string]bool) error {
	var missing []string
	for _, name := range slices.Sorted(maps.Keys(flags)) {
		if !flags[name] {
			missing = append(missing, "--"+name)
		}
	}
	if len(missing) > 0 {
		return usagef("missing: %s", strings.Join(missing, ", "))
	}
	return nil
}
