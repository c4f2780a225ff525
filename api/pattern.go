package api

import "regexp"

// pattern is a regular expression of the model. The two that stand in every
// record are matched by a loop over the bytes, which a test holds equal to the
// expression: a regular expression costs as much as the rest of the decoding.
type pattern struct {
	text    string
	matches func(string) bool
}

var (
	productCodePattern = pattern{`^[-a-zA-Z0-9/=:_.@]*$`, onlyBytes(letters + digits + "-/=:_.@")}
	accountIDPattern   = pattern{`^[0-9]+$`, nonEmpty(onlyBytes(digits))}
	notEmptyPattern    = pattern{`[\s\S]+`, func(s string) bool { return s != "" }}
	licenseArnPattern  = licenseArn()
)

const (
	digits  = "0123456789"
	letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

func licenseArn() pattern {
	const (
		head = `^arn:aws[a-zA-Z-]*:[A-Za-z0-9][A-Za-z0-9_/.-]{0,62}:[A-Za-z0-9_/.-]{0,63}:[A-Za-z0-9_/.-]{0,63}:[A-Za-z0-9]`
		tail = `[A-Za-z0-9:_/+=,@.-]`
	)
	// Go's engine repeats at most 1000 times, so 1023 is taken in two runs.
	return pattern{head + tail + `{0,1023}$`, regexp.MustCompile(head + tail + `{0,1000}` + tail + `{0,23}$`).MatchString}
}

func onlyBytes(set string) func(string) bool {
	var allowed [256]bool
	for i := range len(set) {
		allowed[set[i]] = true
	}
	return func(s string) bool {
		for i := range len(s) {
			if !allowed[s[i]] {
				return false
			}
		}
		return true
	}
}

func nonEmpty(match func(string) bool) func(string) bool {
	return func(s string) bool { return s != "" && match(s) }
}
