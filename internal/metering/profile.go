package metering

import (
	"fmt"
	"strings"
	"time"
)

// Profile is a named set of switches: what AWS changed over time, and what it
// does not say. The zero value is no profile; start from [ProfileNamed].
type Profile struct {
	Name string

	BatchAge        time.Duration
	MeterAge        time.Duration
	AgeByHour       bool
	FutureTolerance time.Duration
	MonthEnd        time.Duration
	MonthEndRevives bool

	IdenticalRetry         Status
	DuplicateRecordID      bool
	DedupPerRegion         bool
	FinalHour              time.Duration
	ProductCodeWithLicense CodeWithLicense
	AllocationsMax         int
	AccountIDs             bool
	Licenses               bool
	ClientTokens           bool
	ClientTokenLife        time.Duration
	RegistrationTokenLife  time.Duration
	ExplainRefusals        bool
	RefuseOddContentType   bool
}

// CodeWithLicense says what becomes of a batch that sends both ProductCode and
// LicenseArn (M0119).
type CodeWithLicense string

const (
	// CodeWithLicenseByMode refuses it for products that know concurrent
	// agreements only, and accepts it for the others.
	CodeWithLicenseByMode CodeWithLicense = "by-mode"
	CodeWithLicenseRefuse CodeWithLicense = "refuse"
	CodeWithLicenseAccept CodeWithLicense = "accept"
)

// DefaultProfile is the behaviour of September 2026.
const DefaultProfile = "2026-09"

// ProfileNames lists the profiles, newest first.
var ProfileNames = []string{DefaultProfile, "2025", "2020"}

// ProfileNamed returns a profile: 2026-09, 2025 or 2020.
func ProfileNamed(name string) (Profile, error) {
	p := Profile{
		Name:                   DefaultProfile,
		BatchAge:               24 * time.Hour,
		MeterAge:               6 * time.Hour,
		FutureTolerance:        5 * time.Minute,
		MonthEnd:               6 * time.Hour,
		IdenticalRetry:         Success,
		DedupPerRegion:         true,
		FinalHour:              time.Hour,
		ProductCodeWithLicense: CodeWithLicenseByMode,
		AllocationsMax:         2500,
		AccountIDs:             true,
		Licenses:               true,
		ClientTokens:           true,
		ClientTokenLife:        24 * time.Hour,
		RegistrationTokenLife:  4 * time.Hour,
		ExplainRefusals:        true,
	}
	switch name {
	case DefaultProfile:
	case "2025":
		p.Name = name
		p.BatchAge = 6 * time.Hour
		p.MonthEnd = 0
		p.Licenses = false
	case "2020":
		p.Name = name
		p.BatchAge = time.Hour
		p.MeterAge = time.Hour
		p.MonthEnd = 0
		p.Licenses = false
		p.AccountIDs = false
		p.ClientTokens = false
		p.AllocationsMax = 500
		p.RegistrationTokenLife = time.Hour
	default:
		return Profile{}, fmt.Errorf("profile %q is unknown; it is one of %s", name, strings.Join(ProfileNames, ", "))
	}
	return p, nil
}

// Known returns the batch without the members that the profile's time did not
// know (M0184): an older service ignores them.
func (p *Profile) Known(b Batch) Batch {
	if p.Licenses && p.AccountIDs {
		return b
	}
	usages := make([]Usage, len(b.Usages))
	for i, u := range b.Usages {
		if !p.Licenses {
			u.License = ""
		}
		if !p.AccountIDs {
			u.Account = ""
		}
		usages[i] = u
	}
	return Batch{b.Product, usages}
}
