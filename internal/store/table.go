package store

import "context"

// Table is a small table of versioned rows: the marketplace, signing keys, and
// what the ledger must know of itself.
type Table string

// Row is one row of a table.
type Row struct {
	Table Table
	Key   string
	Value []byte
	// Version counts the writes of the row; see Store.Put.
	Version uint64
}

// AllTables stands for every table where rows are read; no table has that name.
const AllTables Table = "*"

// TableLedger is the table of what a ledger must know of itself.
const TableLedger Table = "ledger"

// Shared is a Store that other processes may write to at the same time.
type Shared interface {
	Store
	// TableVersion is another number after every Put to a table, and after a
	// Reset, whoever made it. It is 0 of a table without rows.
	TableVersion(ctx context.Context, table Table) (uint64, error)
}
