// Package admin is the operator's surface of a running meterd: everything
// under /_meterd/, JSON in and out. It says how the service is, shows and
// replaces its marketplace, steers its clock, lists its records, and mints
// what a marketplace would mint.
//
// The package is a face of the ledger: it decides nothing about usage and may
// not answer a call of the API. It may import ledger, catalog, clock,
// marketplace, metering, store, checkpoint, backup and retention, and no room that
// speaks the API's wire. Whoever mounts it chooses the address; the package itself guards
// against strangers (see [Config.Token]).
package admin
