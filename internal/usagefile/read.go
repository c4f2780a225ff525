package usagefile

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// Format is how a file is written.
type Format string

const (
	CSV    Format = "csv"
	NDJSON Format = "ndjson"
)

// FormatOf is the format that a file's name tells, or "".
func FormatOf(name string) Format {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".csv", ".tsv":
		return CSV
	case ".ndjson", ".jsonl", ".ndj":
		return NDJSON
	}
	return ""
}

// File is what was read of a file.
type File struct {
	Rows []Row
	// Unused are the columns that are nothing of a record, in order of their
	// names.
	Unused []string
}

// Read reads a file. A row that cannot be told is a row with a Mistake. What
// makes it unclear where rows begin is an error: nobody could say what is lost.
func Read(r io.Reader, o Options) (*File, error) {
	if o.Format == NDJSON {
		return readNDJSON(r, &o)
	}
	return readCSV(r, &o)
}

// byteOrderMark is what some spreadsheets begin a file with.
const byteOrderMark = "\ufeff"

func readCSV(r io.Reader, o *Options) (*File, error) {
	buffer := bufio.NewReaderSize(r, 1<<16)
	if mark, _ := buffer.Peek(len(byteOrderMark)); string(mark) == byteOrderMark {
		if _, err := buffer.Discard(len(byteOrderMark)); err != nil {
			return nil, err
		}
	}
	reader := csv.NewReader(buffer)
	reader.Comma = separator(buffer)
	reader.FieldsPerRecord = -1 // told with the line, below
	headers, err := reader.Read()
	if err == io.EOF {
		return nil, errors.New("the file is empty; its first line must name the columns")
	}
	if err != nil {
		return nil, err
	}
	for i := range headers {
		headers[i] = strings.TrimSpace(headers[i])
	}
	fields, err := o.Mapping.columnsOf(headers)
	if err != nil {
		return nil, err
	}
	file := &File{Unused: fields.unused(headers)}
	for {
		texts, err := reader.Read()
		if err == io.EOF {
			return file, nil
		}
		if errors.Is(err, csv.ErrBareQuote) {
			return nil, fmt.Errorf("%w; what holds quotes, such as JSON, goes in quotes, and each of its own is doubled", err)
		}
		if err != nil {
			return nil, err
		}
		line, _ := reader.FieldPos(0)
		if len(texts) != len(headers) {
			file.Rows = append(file.Rows, Row{Line: line, lost: true, Mistake: fmt.Sprintf("the row has %d columns, the first line has %d", len(texts), len(headers))})
		} else {
			file.Rows = append(file.Rows, o.row(line, fields.cells(texts)))
		}
		if len(file.Rows) > RowsMax {
			return nil, errTooLong
		}
	}
}

var errTooLong = fmt.Errorf("the file has more than %d rows; split it by buyer or hour, so that rows which belong together stay together", RowsMax)

// separator is the one that the first line uses.
func separator(buffer *bufio.Reader) rune {
	line, _ := buffer.Peek(buffer.Size())
	line, _, _ = bytes.Cut(line, []byte("\n"))
	for _, r := range ",;\t" {
		if bytes.ContainsRune(line, r) {
			return r
		}
	}
	return ','
}

func (c columns) cells(texts []string) cells {
	row := make(cells, len(c))
	for i, field := range c {
		if field != "" {
			row[field] = texts[i]
		}
	}
	return row
}

func (c columns) unused(headers []string) (unused []string) {
	for i, field := range c {
		if field == "" {
			unused = append(unused, headers[i])
		}
	}
	slices.Sort(unused)
	return unused
}

func readNDJSON(r io.Reader, o *Options) (*File, error) {
	file := &File{}
	unused, used := map[string]bool{}, map[Field]bool{}
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 1<<16), lineBytesMax)
	for n := 1; lines.Scan(); n++ {
		text := bytes.TrimSpace(bytes.TrimPrefix(lines.Bytes(), []byte(byteOrderMark)))
		if len(text) == 0 {
			continue
		}
		row, err := o.object(n, text, used, unused)
		if err != nil {
			row = Row{Line: n, lost: true, Mistake: err.Error()}
		}
		if file.Rows = append(file.Rows, row); len(file.Rows) > RowsMax {
			return nil, errTooLong
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("line %d: %w", len(file.Rows)+1, err)
	}
	for field, header := range o.Mapping {
		if !used[field] && len(file.Rows) > 0 {
			return nil, fmt.Errorf("no row has a member %q, which is to be the %s", header, field)
		}
	}
	file.Unused = slices.Sorted(maps.Keys(unused))
	return file, nil
}

// object reads a row that is a JSON object.
func (o *Options) object(line int, text []byte, used map[Field]bool, unused map[string]bool) (Row, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil || members == nil {
		return Row{}, errors.New("the line is not a JSON object")
	}
	texts, from := cells{}, map[Field]string{}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		field, ok := o.Mapping.fieldOf(name)
		if !ok {
			unused[name] = true
			continue
		}
		if other, twice := from[field]; twice {
			return Row{}, fmt.Errorf("the members %q and %q could both be the %s; choose with --map %s=NAME", other, name, field, field)
		}
		from[field], used[field] = name, true
		value := string(members[name])
		switch {
		case value == "null":
		case strings.HasPrefix(value, `"`):
			if err := json.Unmarshal(members[name], &value); err != nil {
				return Row{}, err
			}
			texts[field] = value
		default:
			texts[field] = value
		}
	}
	return o.row(line, texts), nil
}
