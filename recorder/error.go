package recorder

import (
	"errors"
	"fmt"
)

var (
	// ErrClosed is returned when the recorder is closed.
	ErrClosed = errors.New("the recorder is closed")
	// ErrInvalid is returned for usage that names no customer or dimension, or
	// whose quantity or tags no service takes. The message says which.
	ErrInvalid = errors.New("usage that cannot be told")
	// ErrFull is returned when there are CountersMax counters already, or when
	// more waits in one than it can hold because the disk takes nothing.
	ErrFull = errors.New("no room for further usage")
	// ErrUnsure is returned when the disk failed while something was written:
	// it may be there or not, and the recorder opens its directory again. Add
	// the event again under the same id.
	ErrUnsure = errors.New("whether it is on the disk is not known")
)

// Usage is an amount with its names.
type Usage struct {
	Customer  Customer
	Dimension string
	Tags      []Tag
	Quantity  int64
	// Reason says in plain words why it is where it is.
	Reason string
}

func (u Usage) String() string {
	return fmt.Sprintf("%d %s of %s", u.Quantity, u.Dimension, u.Customer)
}

// UnsavedError is returned by Close when usage could not be brought to the disk.
// It is the only way in which an orderly end loses any, and names all of it.
type UnsavedError struct {
	Usage []Usage
	// Err is what kept it from the disk.
	Err error
}

func (e *UnsavedError) Error() string {
	return fmt.Sprintf("closing recorder: usage of %d counters, the first is %s, is not on the disk: %v", len(e.Usage), e.Usage[0], e.Err)
}

func (e *UnsavedError) Unwrap() error { return e.Err }
