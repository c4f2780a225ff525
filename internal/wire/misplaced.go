package wire

// wanted says what the model has at a place of the document, in the words in
// which the framework refuses a scalar there.
type wanted string

// M0025: observed on services with the same framework are structure, list,
// text, integer, and the timestamp for a string. M0026: these are not known, and
// follow the same pattern:
//
//	"x" or 1 for a boolean       STRING_VALUE can not be converted to a Boolean
//	true for a timestamp         TRUE_VALUE can not be converted to milliseconds since epoch
//	list for an inner structure  as for the body itself: Start of list …
const (
	structureWanted wanted = "Expected null"
	listWanted      wanted = "Expected list or null"
	textWanted      wanted = "a String"
	integerWanted   wanted = "an Integer"
	booleanWanted   wanted = "a Boolean"
	timestampWanted wanted = "milliseconds since epoch"
)

// The full stop is the framework's: one text has it, the other does not.
const (
	structureFound = "Start of structure or map found where not expected."
	listFound      = "Start of list found where not expected"
)

// misplaced refuses the value ahead, which is not what the model wants. The
// scalar itself is read first: if it is no JSON, that is what is wrong.
func (s *scanner) misplaced(want wanted) {
	switch s.peek() {
	case '{':
		s.fail(structureFound)
		return
	case '[':
		s.fail(listFound)
		return
	}
	found := s.scalar()
	if want == structureWanted || want == listWanted {
		s.fail(string(want))
		return
	}
	s.fail(found + " can not be converted to " + string(want))
}
