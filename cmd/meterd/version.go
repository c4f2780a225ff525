package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

func newVersion() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "Print the version of this binary",
		Example: "  meterd version\n  meterd version --output json",
		GroupID: groupOperator,
		Args:    takes(),
		RunE: runE(func(cmd *cobra.Command, _ []string) error {
			if output == "json" {
				return printJSON(cmd.OutOrStdout(), readVersion())
			}
			fmt.Fprint(cmd.OutOrStdout(), versionText())
			return nil
		}),
	}
	choiceVar(cmd.Flags(), &output, "output", "how to print", "text", "json")
	return cmd
}

// version says what a binary was built from.
type version struct {
	Version  string            `json:"version"`
	Go       string            `json:"go"`
	Platform string            `json:"platform"`
	Settings map[string]string `json:"settings"`
}

func readVersion() version {
	v := version{Version: "(unknown)", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, Settings: map[string]string{}}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	v.Version = info.Main.Version
	for _, s := range info.Settings {
		if strings.HasPrefix(s.Key, "vcs") || s.Key == "CGO_ENABLED" || s.Key == "-tags" {
			v.Settings[s.Key] = s.Value
		}
	}
	return v
}

func versionText() string {
	v := readVersion()
	text := fmt.Sprintf("meterd %s\n%s %s\n", v.Version, v.Go, v.Platform)
	for _, key := range []string{"vcs.revision", "vcs.time", "vcs.modified", "CGO_ENABLED", "-tags"} {
		if value, ok := v.Settings[key]; ok {
			text += fmt.Sprintf("%s %s\n", key, value)
		}
	}
	return text
}
