package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// choice is a flag that takes one of a few words.
type choice struct {
	value *string
	words []string
}

var _ pflag.Value = choice{}

// choiceVar adds such a flag; the first word is the default.
func choiceVar(flags *pflag.FlagSet, value *string, name, usage string, words ...string) {
	*value = words[0]
	flags.Var(choice{value, words}, name, usage)
}

func (c choice) String() string {
	if c.value == nil {
		return ""
	}
	return *c.value
}

// Type shows in help as what the flag takes.
func (c choice) Type() string { return strings.Join(c.words, "|") }

func (c choice) Set(s string) error {
	if !slices.Contains(c.words, s) {
		return fmt.Errorf("%q is not one of %s", s, strings.Join(c.words, ", "))
	}
	*c.value = s
	return nil
}
