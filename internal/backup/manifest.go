package backup

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"
)

// format is that of the archive. A later one takes another number.
const format = 1

// The members of the archive, in this order: what it is, the ledger's files, and
// what they were when they were written.
const (
	titleName    = "meterd-backup.json"
	filesPrefix  = "ledger/"
	manifestName = "manifest.json"
)

var (
	// ErrForeign is returned for what meterd has not written.
	ErrForeign = errors.New("this is no backup of meterd")
	// ErrCut is returned for a backup without its end.
	ErrCut = errors.New("the backup ends before its manifest: it was cut off")
	// ErrAltered is returned for a backup that is not as it was written.
	ErrAltered = errors.New("the backup is not as it was written")
)

// title is the first member.
type title struct {
	Format int `json:"format"`
	// Version is that of the meterd that wrote it.
	Version string    `json:"version"`
	Time    time.Time `json:"time"`
	// Files and Bytes are how much follows.
	Files int    `json:"files"`
	Bytes uint64 `json:"bytes"`
}

// Manifest is the last member.
type Manifest struct {
	// Title is the first member, which nothing else protects.
	Title title `json:"title"`
	// Checkpoint was signed just before the ledger was copied, so the copy
	// reaches it.
	Checkpoint string `json:"checkpoint"`
	Files      []File `json:"files"`
	// SHA256 is that of the manifest without it.
	SHA256 string `json:"sha256"`
}

// sum is what SHA256 must be.
func (m Manifest) sum() string {
	m.SHA256 = ""
	return fmt.Sprintf("%x", sha256.Sum256(encode(m)))
}

// File is a file of the ledger.
type File struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

func encode(value any) []byte {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		panic(err) // unreachable unless a type here cannot be written as JSON.
	}
	return append(text, '\n')
}

// decode reads what encode wrote, and nothing else.
func decode(text []byte, into any) error {
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%w: %w", ErrAltered, err)
	}
	if !bytes.Equal(encode(into), text) {
		return ErrAltered
	}
	return nil
}

// fileName is the name of a ledger's file in a member's, or ok == false. A ledger
// has no directories.
func fileName(member string) (name string, ok bool) {
	name, ok = strings.CutPrefix(member, filesPrefix)
	return name, ok && name != "" && name != "." && name != ".." && path.Base(name) == name && !strings.ContainsAny(name, `/\:`)
}
