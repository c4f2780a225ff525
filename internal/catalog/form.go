package catalog

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"

	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/metering"
	"github.com/meterd/meterd/internal/mistake"
)

// form is what the text of a field must look like.
type form struct {
	// noun says what a right text is: "an AWS account".
	noun string
	// hint says what to write.
	hint string
	ok   func(string) bool
	// secret texts are not repeated in mistakes.
	secret bool
}

var (
	account = form{noun: "an AWS account", hint: `write 12 digits, such as "111122223333"`, ok: matches(`^[0-9]{12}$`)}
	region  = form{noun: "an AWS Region", hint: "write one such as us-east-1", ok: func(s string) bool {
		return marketplace.RegionExists(metering.Region(s))
	}}
	profile = oneOf("a profile", metering.ProfileNames...)
	free    = form{noun: "a text", hint: "write a text", ok: func(string) bool { return true }}

	// The length and characters are those of the API's model.
	productCode     = form{noun: "a product code", hint: "write 1 to 255 of the characters a-z A-Z 0-9 - / = : _ . @", ok: matches(`^[-a-zA-Z0-9/=:_.@]{1,255}$`)}
	dimensionKey    = form{noun: "a dimension key", hint: "write 1 to 255 characters", ok: ofLength(1, 255)}
	customer        = form{noun: "a customerIdentifier", hint: "write 1 to 255 characters, or leave it out", ok: ofLength(1, 255)}
	licenseARN      = form{noun: "a licence ARN", hint: "write one such as arn:aws:license-manager::111122223333:license:l-0001, or leave it out", ok: licenseText}
	kind            = oneOf("a product kind", marketplace.SaaS, marketplace.AMI, marketplace.Container)
	mode            = oneOf("a mode", marketplace.Legacy, marketplace.Concurrent)
	price           = form{noun: "a price", hint: `write a decimal number of 0 or more, such as "0.10"`, ok: matches(`^[0-9]{1,15}(\.[0-9]{1,15})?$`)}
	registrationURL = form{noun: "a registration page", hint: "write an absolute http or https URL", ok: absoluteURL}
	status          = oneOf("a status", marketplace.Pending, marketplace.Active, marketplace.Ended, marketplace.Suspended)
	registration    = form{noun: "a registration token", hint: "write one or more characters", ok: ofLength(1, sourceBytesMax), secret: true}

	accessKeyID     = form{noun: "an access key id", hint: "write 1 to 128 letters, digits and _", ok: matches(`^[A-Za-z0-9_]{1,128}$`)}
	secretAccessKey = form{noun: "a secret access key", hint: "write 1 to 1024 characters without blanks around them", ok: secretText, secret: true}
	sessionToken    = form{noun: "a session token", hint: "write 1 or more characters without blanks around them", ok: headerText, secret: true}
	apiKey          = form{noun: "an API key", hint: "write 1 to 1024 characters without blanks around them", ok: secretText, secret: true}
	principalName   = form{noun: "the name of a user, role or session", hint: "write 1 to 64 of the characters a-z A-Z 0-9 _ + = , . @ -", ok: matches(`^[\w+=,.@-]{1,64}$`)}
	platform        = oneOf("a platform", marketplace.Platforms...)
	resourceARN     = form{noun: "the ARN of what runs", hint: "write one such as arn:aws:ecs:us-east-1:222233334444:task/demo/1", ok: matches(`^arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:[0-9]{12}:[!-~]{1,1000}$`)}
	action          = form{noun: "an IAM action", hint: "write one such as aws-marketplace:MeterUsage, * and ? are wildcards", ok: matches(`^(\*|[A-Za-z0-9*?-]{1,64}:[A-Za-z0-9*?]{1,128})$`)}
)

func matches(expression string) func(string) bool {
	return regexp.MustCompile(expression).MatchString
}

func ofLength(least, most int) func(string) bool {
	return func(s string) bool {
		n := utf8.RuneCountInString(s)
		return least <= n && n <= most
	}
}

func oneOf[T ~string](noun string, values ...T) form {
	return form{noun: noun, hint: "use " + wordList(values, "or"), ok: func(s string) bool { return slices.Contains(values, T(s)) }}
}

// licenseText follows the model's expression, which ends in {0,1023}; Go's
// expressions count to 1000 only.
func licenseText(s string) bool {
	return licenseShape(s) && len(strings.SplitN(s, ":", 6)[5]) <= 1024
}

var licenseShape = matches(`^arn:aws[a-zA-Z-]*:[A-Za-z0-9][A-Za-z0-9_/.-]{0,62}:[A-Za-z0-9_/.-]{0,63}:[A-Za-z0-9_/.-]{0,63}:[A-Za-z0-9][A-Za-z0-9:_/+=,@.-]*$`)

func absoluteURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

// headerText reports whether a text survives being sent in an HTTP header.
func headerText(s string) bool {
	return s != "" && s == strings.TrimSpace(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

func secretText(s string) bool { return headerText(s) && len(s) <= 1024 }

// text reads a value as a text of a form. It returns "" for a wrong one.
func (v value) text(f form) string {
	s, ok := v.scalar()
	switch {
	case !ok:
		v.unreadable(f.hint)
		return ""
	case f.ok(s):
		return s
	case f.secret:
		v.mistake("this is not %s; %s", f.noun, f.hint)
	default:
		v.mistake("%s is not %s; %s", mistake.Shown(s), f.noun, f.hint)
	}
	return ""
}

// optional reads a field that may be absent: "".
func optional[T ~string](o object, key string, f form) T {
	if !o.has(key) {
		return ""
	}
	return T(o.at(key).text(f))
}

// required reads a field that must be there. It returns "" for a wrong one.
func required[T ~string](o object, key string, f form) T {
	if !o.has(key) {
		o.missing(key, f.hint)
		return ""
	}
	return T(o.at(key).text(f))
}

// texts reads a list of texts; nil if it is absent or empty.
func texts[T ~string](o object, key string, f form) []T {
	return each(o, key, func(v value) T { return T(v.text(f)) })
}

// truth reads a field that is true or false, and false when absent. It is not
// ok if it is neither.
func (o object) truth(key string) (truth, ok bool) {
	if !o.has(key) {
		return false, true
	}
	v := o.at(key)
	b, ok := v.node.(*ast.BoolNode)
	if !ok {
		v.unreadable("write true or false, without quotes")
		return false, false
	}
	return b.Value, true
}

// version reads the version of a key, a whole number of 1 or more.
func (v value) version(hint string) int64 {
	s, ok := v.scalar()
	if !ok {
		v.unreadable(hint)
		return 0
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 1 || strconv.FormatInt(n, 10) != s {
		v.mistake("%s is not a version; %s", mistake.Shown(s), hint)
		return 0
	}
	return n
}

const timeHint = "write a time such as 2026-01-31T12:00:00Z (RFC 3339)"

// time reads a time of day and date; zero if it is absent or wrong.
func (o object) time(key string) time.Time {
	if !o.has(key) {
		return time.Time{}
	}
	v := o.at(key)
	s, ok := v.scalar()
	if !ok {
		v.unreadable(timeHint)
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, s)
	if err == nil {
		t = t.UTC()
		err = checkYear(t)
	}
	if err != nil {
		v.mistake("%s is not a time; %s", mistake.Shown(s), timeHint)
		return time.Time{}
	}
	return t
}

// checkYear keeps to the years that usage can be told in and RFC 3339 can write.
func checkYear(t time.Time) error {
	if year := t.Year(); year < 1970 || year > 9999 {
		return fmt.Errorf("year %d is not between 1970 and 9999", year)
	}
	return nil
}
