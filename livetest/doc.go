// Package livetest runs the clients that sellers have, unmodified, against the
// real binary: the AWS SDKs, aws-cli, a browser, and clients made from
// api/openapi.yaml. Each client has a folder with a small program that does the
// scenarios of testdata/scenarios.yaml and prints what it made of the answers;
// the tests here start a server for it and compare.
//
// The package may know meterd from the outside only: api, its command line, its
// catalog file and the wire. README.md says what a client needs to be run.
package livetest
