package main

import (
	"os"
	"strings"
	"testing"

	"github.com/meterd/meterd/internal/catalog"
	"github.com/meterd/meterd/internal/plan"
)

// TestCatalogPageIsValid reads the example that docs/catalog.md calls whole.
func TestCatalogPageIsValid(t *testing.T) {
	page, err := os.ReadFile("../../docs/catalog.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "```yaml\n")
	example, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("there is no example")
	}
	state, err := catalog.Parse([]byte(example), catalog.Options{File: "docs/catalog.md"})
	if err != nil || len(state.Sellers) == 0 || len(state.Buyers) == 0 {
		t.Errorf("%v", err)
	}
}

// TestAgentPageIsValid reads the example of docs/agent.md that says all there is.
func TestAgentPageIsValid(t *testing.T) {
	page, err := os.ReadFile("../../docs/agent.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "```yaml\n")
	example, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("there is no example")
	}
	secret := func(string) ([]byte, error) { return []byte("https://hooks.example.com/secret"), nil }
	p, err := plan.Parse([]byte(example), "docs/agent.md", secret)
	if err != nil || len(p.Products) != 2 || len(p.Services) != 2 {
		t.Errorf("%v", err)
	}
}
