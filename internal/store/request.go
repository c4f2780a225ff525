package store

// Request is the unit of a commit: what one call tells. The buffers belong to
// the caller; the store keeps none of them after Commit has returned.
type Request struct {
	// At is when the call was received, in Unix milliseconds. Whether a fact
	// with an end still stands is judged by it.
	At int64
	// Facts are decided in order: the second of two equal keys in one request
	// meets the first.
	Facts []Fact
	// Guarded makes Facts[0] a guard: if it is in conflict, the facts behind
	// it are decided Skipped. If it is Faulted, so are they.
	Guarded bool
	// Call is the call's entry in the audit trail.
	Call []byte

	// Decisions has one element per fact, filled by Commit. It is reused if
	// it has the capacity. After an error it is empty and CallID is 0.
	Decisions []Decision
	// CallID is the place the call got.
	CallID CallID
}

// Decision is what became of one fact.
type Decision struct {
	Outcome Outcome
	// Quantity is the one that stands: the told one if Created or Same, the
	// earlier one if Conflict, 0 if Skipped or Faulted.
	Quantity int64
	// Call is the call that told the standing fact; 0 if Skipped or Faulted.
	Call CallID
}

// Outcome says what became of a fact.
type Outcome byte

const (
	// Created: the key was new; the fact now stands.
	Created Outcome = iota + 1
	// Same: the same fact stood already.
	Same
	// Conflict: another fact stands at the key, and stays.
	Conflict
	// Skipped: the request's guard was in conflict.
	Skipped
	// Faulted: a passing fault of the store; the fact was not remembered.
	Faulted
)

func (o Outcome) String() string {
	switch o {
	case Created:
		return "created"
	case Same:
		return "same"
	case Conflict:
		return "conflict"
	case Skipped:
		return "skipped"
	case Faulted:
		return "faulted"
	}
	return "undecided"
}
