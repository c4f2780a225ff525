// Package usagefile tells the usage that stands in a CSV or NDJSON file, and
// keeps what became of each row beside it.
//
//	file -> rows -> plan of records -> calls, 25 records each -> result file
//
// [Read] makes rows of a file by the names of its columns. [File.Plan] makes
// records of the rows: one for each buyer, dimension and hour, because that is
// what the service takes. A row that cannot be told keeps its reason; a row is
// never left out. [Run] tells the records, and its [Journal], which is the
// result file, is on disk before and after each call: what a call that was
// killed may have stored is told again, unchanged, and answers with the same id.
//
// The package may not guess: rows that could mean two things are refused with
// their lines, and what is added up is added up because somebody said so. It
// speaks to the service through client only.
package usagefile
