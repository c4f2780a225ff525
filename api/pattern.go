package api

import "strings"

// pattern is a regular expression of the model, matched by loops over the bytes
// that a test holds equal to the expression: those that stand in every record
// would cost more than all the rest of a call.
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

// licenseArnText is the model's expression for a LicenseArn.
const licenseArnText = `^arn:aws[a-zA-Z-]*:[A-Za-z0-9][A-Za-z0-9_/.-]{0,62}:[A-Za-z0-9_/.-]{0,63}:[A-Za-z0-9_/.-]{0,63}:[A-Za-z0-9][A-Za-z0-9:_/+=,@.-]{0,1023}$`

const (
	digits  = "0123456789"
	letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// licenseArn matches part by part: the first four colons end a part each, and
// only the last part may have more of them.
func licenseArn() pattern {
	var (
		partition = onlyBytes(letters + "-")
		name      = onlyBytes(letters + digits + "_/.-")
		resource  = onlyBytes(letters + digits + ":_/+=,@.-")
		first     = onlyBytes(letters + digits)
	)
	return pattern{licenseArnText, func(s string) bool {
		s, isArn := strings.CutPrefix(s, "arn:aws")
		var parts [5]string
		for i := range 4 {
			var found bool
			if parts[i], s, found = strings.Cut(s, ":"); !found {
				return false
			}
		}
		parts[4] = s
		return isArn && partition(parts[0]) &&
			within(parts[1], 1, 63) && first(parts[1][:1]) && name(parts[1]) &&
			within(parts[2], 0, 63) && name(parts[2]) &&
			within(parts[3], 0, 63) && name(parts[3]) &&
			within(parts[4], 1, 1024) && first(parts[4][:1]) && resource(parts[4])
	}}
}

func within(s string, low, high int) bool { return low <= len(s) && len(s) <= high }

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
