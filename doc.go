// Package meterd is a guided tour of the house; it holds no code.
//
// Start where a request starts. [github.com/meterd/meterd/internal/server] is
// the front door: ladder.go has the checks in the order that AWS makes them,
// and each of the four operations has a file of its own name. Bytes become
// words in internal/wire and the words are those of
// [github.com/meterd/meterd/api]. Who calls is found out by internal/auth,
// which verifies signatures with internal/sigv4.
//
// Then go down one floor. internal/ledger has one method per operation: it
// asks the rules, commits what is to be told together with the call's entry in
// the audit trail, and turns what the store decided into verdicts. The rules
// are in two rooms that import nobody: internal/metering (time windows,
// allocations, behaviour profiles) and internal/marketplace (products, buyers,
// agreements, licences, tokens, permissions).
//
// At the bottom is internal/store, a contract of a few methods around one
// idea: create these facts once, or tell me what stands there.
// internal/store/storetest holds every store to it.
//
// The seller's half is [github.com/meterd/meterd/recorder] in a Go program and
// internal/agent as a process. Both keep usage in internal/outbox, which a crash
// takes nothing from, and internal/sender brings it to the service.
//
// Around that: internal/catalog reads the file that describes a marketplace,
// internal/admin is the operator's surface, cmd/meterd is the binary, scripts
// has the rules as scenarios that a billing person can read, and livetest runs
// real clients against the real binary.
//
// ARCHITECTURE.md says why it is so; docs/facts.md says what is known of AWS
// and how surely.
package meterd
