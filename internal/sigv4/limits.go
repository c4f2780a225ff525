package sigv4

import "time"

const (
	// clockSkewMax is how far the time of a signature may be from the server's
	// time, in either direction (M0042). AWS names it in its refusals ("- 5 min.").
	clockSkewMax = 5 * time.Minute

	// expiresMax is the longest life a presigned request may ask for: 7 days.
	expiresMax = 7 * 24 * time.Hour

	// keysMax is how many derived signing keys a KeyCache holds. One access key
	// uses one a day for each region, so this serves thousands of callers at
	// less than 2 MB.
	keysMax = 4096
)
