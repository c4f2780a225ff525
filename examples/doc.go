// Package examples has a small program for each of a seller's tasks, which its
// tests run against the real meterd. The programs may use the public packages
// only; README.md says how to start them.
package examples
