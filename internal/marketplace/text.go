package marketplace

import "fmt"

// record begins a detail that is about one record of several.
func record(i, of int) string {
	if of == 1 {
		return ""
	}
	return fmt.Sprintf("Record %d of %d: ", i+1, of)
}
