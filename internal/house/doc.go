// Package house holds no code, only tests that keep the house: who may import
// whom, how large files and functions get, whether facts are cited and
// documents true, and that no secret or machine path slips in.
//
// It reads the source and the documents as text, and asks the go command for
// imports. Where a document has generated parts, `go test ./internal/house
// -update` writes them. The tests may import any room; no room may import this
// one.
package house
