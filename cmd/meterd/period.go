package main

import (
	"time"

	"github.com/meterd/meterd/internal/admin"
)

// readPeriod reads the values of --from and --to; an empty one is no bound. A
// period without an hour is a mistake: what is empty would look equal, or paid.
func readPeriod(from, to string) (first, end time.Time, err error) {
	if from != "" {
		if first, err = admin.ParseTime(from); err != nil {
			return first, end, usagef("--from: %w", err)
		}
	}
	if to != "" {
		if end, err = admin.ParseTime(to); err != nil {
			return first, end, usagef("--to: %w", err)
		}
	}
	if from != "" && to != "" && !first.Before(end) {
		return first, end, usagef("--to: %s is not after --from %s; it is the end of the last hour", to, from)
	}
	return first, end, nil
}
