package catalog

import "strings"

// nearest returns the candidate that is most like a name that was probably
// meant to be it, or "" when none is like it. Case does not matter.
func nearest[T ~string](name T, candidates []T) T {
	best, bestDistance := T(""), len(name)+1
	for _, candidate := range candidates {
		allowed := len(candidate) / 3
		if gap := len(name) - len(candidate); gap > allowed || -gap > allowed {
			continue
		}
		distance := editDistance(strings.ToLower(string(name)), strings.ToLower(string(candidate)))
		if distance <= allowed && distance < bestDistance {
			best, bestDistance = candidate, distance
		}
	}
	return best
}

// editDistance counts the bytes to insert, delete or replace to get from a to
// b (Levenshtein).
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
