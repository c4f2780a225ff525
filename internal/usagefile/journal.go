package usagefile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Journal is a result file. While records are told it grows, a line for each
// change of a row; when the run ends it is written anew, a line for each row.
type Journal struct {
	path   string
	format Format
	file   *os.File
	// last is the last result of each line.
	last map[int]Result
}

// OpenJournal opens a result file, or begins one. What a crash left of its last
// line is cut off.
func OpenJournal(path string, format Format) (*Journal, error) {
	j := &Journal{path: path, format: format}
	results, whole, err := readResults(path, format)
	begins := errors.Is(err, fs.ErrNotExist)
	if err != nil && !begins {
		return nil, err
	}
	j.last = results
	if j.file, err = os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600); err != nil {
		return nil, err
	}
	if err := j.begin(whole, begins); err != nil {
		return nil, errors.Join(fmt.Errorf("preparing %s: %w", path, err), j.file.Close())
	}
	return j, nil
}

// begin brings the file to the end of its last whole line.
func (j *Journal) begin(whole int64, begins bool) error {
	if err := j.file.Truncate(whole); err != nil {
		return err
	}
	if _, err := j.file.Seek(whole, io.SeekStart); err != nil {
		return err
	}
	if whole == 0 {
		if err := j.writeHeader(j.file); err != nil {
			return err
		}
	}
	if err := j.file.Sync(); err != nil || !begins {
		return err
	}
	return syncDir(j.path)
}

func (j *Journal) writeHeader(w io.Writer) error {
	if j.format == NDJSON {
		return nil
	}
	line, err := appendCSV(nil, slices.Clone(resultHeader))
	if err == nil {
		_, err = w.Write(line)
	}
	return err
}

// ReadResults reads a result file: the last result of each line, by lines.
func ReadResults(path string, format Format) ([]Result, error) {
	results, _, err := readResults(path, format)
	return sorted(results), err
}

// readResults also returns where the last whole line ends.
func readResults(path string, format Format) (results map[int]Result, whole int64, err error) {
	results = map[int]Result{}
	file, err := os.Open(path)
	if err != nil {
		return results, 0, err
	}
	defer file.Close()
	reader := bufio.NewReaderSize(file, 1<<16)
	for n := 1; ; n++ {
		line, err := reader.ReadBytes('\n')
		if err == io.EOF && n == 1 && !beginsResult(format, line) {
			return nil, 0, fmt.Errorf("%s:1: %w", path, errNoResult)
		}
		if err == io.EOF {
			return results, whole, nil // a line without an end was never confirmed
		}
		if err != nil {
			return nil, 0, err
		}
		r, ok, err := parseResult(format, bytes.TrimSuffix(line, []byte("\n")))
		if err != nil {
			return nil, 0, fmt.Errorf("%s:%d: %w", path, n, err)
		}
		if n == 1 && format == CSV && ok {
			return nil, 0, fmt.Errorf("%s:1: the line of column names is missing: %w", path, errNoResult)
		}
		if whole += int64(len(line)); ok {
			results[r.Line] = r
		}
	}
}

// beginsResult reports whether a text may be what a crash left of the first
// line, so that nothing else is ever cut off.
func beginsResult(format Format, text []byte) bool {
	first := `{"line":`
	if format == CSV {
		first = strings.Join(resultHeader, ",")
	}
	n := min(len(text), len(first))
	return string(text[:n]) == first[:n] && (format == NDJSON || n == len(text))
}

// Write appends results, and returns when they are on disk.
func (j *Journal) Write(results []Result) error {
	var b []byte
	var err error
	for i := range results {
		if b, err = appendResult(b, j.format, &results[i]); err != nil {
			return fmt.Errorf("writing %s: %w", j.path, err)
		}
	}
	if _, err := j.file.Write(b); err != nil {
		return fmt.Errorf("writing %s: %w", j.path, err)
	}
	if err := j.file.Sync(); err != nil {
		return fmt.Errorf("writing %s: %w", j.path, err)
	}
	for _, r := range results {
		j.last[r.Line] = r
	}
	return nil
}

// Finish writes the file anew, with one line for each row, and closes it. A
// crash leaves the old file or the new one.
func (j *Journal) Finish(results []Result) error {
	err := j.replace(results)
	if err = errors.Join(err, j.file.Close()); err != nil {
		return fmt.Errorf("finishing %s: %w", j.path, err)
	}
	return nil
}

func (j *Journal) replace(results []Result) error {
	next, err := os.CreateTemp(filepath.Dir(j.path), filepath.Base(j.path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(next.Name()) // nothing, once it has been renamed
	out := bufio.NewWriter(next)
	err = j.writeHeader(out)
	for i := range results {
		if err != nil {
			break
		}
		var line []byte
		if line, err = appendResult(nil, j.format, &results[i]); err == nil {
			_, err = out.Write(line)
		}
	}
	if err = errors.Join(err, out.Flush(), next.Sync(), next.Close()); err != nil {
		return err
	}
	if err := os.Rename(next.Name(), j.path); err != nil {
		return err
	}
	return syncDir(j.path)
}

// Close closes the file as it is.
func (j *Journal) Close() error { return j.file.Close() }

// syncDir makes the name of a file durable.
func syncDir(path string) error {
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func sorted(results map[int]Result) []Result {
	list := make([]Result, 0, len(results))
	for _, r := range results {
		list = append(list, r)
	}
	slices.SortFunc(list, func(a, b Result) int { return a.Line - b.Line })
	return list
}
