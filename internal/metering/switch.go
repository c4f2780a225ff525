package metering

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Switch is one setting of a profile that can be overridden by name.
type Switch struct {
	Name string
	// Fact is the entry of docs/facts.md that the switch rests on.
	Fact string
	// Doc says what it decides.
	Doc string
	// Values says what it may be set to.
	Values string

	get func(*Profile) string
	set func(*Profile, string) error
}

// Switches lists all of them.
var Switches = []Switch{
	duration("batchWindow", "M0107", "how long after the event BatchMeterUsage accepts usage", func(p *Profile) *time.Duration { return &p.BatchAge }),
	duration("meterWindow", "M0155", "how long after the event MeterUsage accepts usage", func(p *Profile) *time.Duration { return &p.MeterAge }),
	boolean("ageByHour", "M0110", "measure the age of usage from hour to hour instead of exactly", func(p *Profile) *bool { return &p.AgeByHour }),
	duration("futureTolerance", "M0111", "how far ahead of the service's clock a timestamp may lie", func(p *Profile) *time.Duration { return &p.FutureTolerance }),
	duration("monthEnd", "M0108", "how long into a new month usage of the month before is accepted; 0s: months do not matter", func(p *Profile) *time.Duration { return &p.MonthEnd }),
	boolean("monthEndRevives", "M0109", "accept the whole month before until it closes, whatever its age", func(p *Profile) *bool { return &p.MonthEndRevives }),
	choice("identicalRetry", "M0103", "the status of an identical record sent again", func(p *Profile) *Status { return &p.IdenticalRetry }, Success, DuplicateRecord),
	boolean("duplicateRecordId", "M0128", "send the standing MeteringRecordId along with DuplicateRecord", func(p *Profile) *bool { return &p.DuplicateRecordID }),
	boolean("dedupPerRegion", "M0124", "the same usage told in two Regions is two records", func(p *Profile) *bool { return &p.DedupPerRegion }),
	duration("finalHour", "M0126", "how long after the end of an agreement its last usage is accepted", func(p *Profile) *time.Duration { return &p.FinalHour }),
	choice("productCodeWithLicenseArn", "M0119", "a batch that sends both", func(p *Profile) *CodeWithLicense { return &p.ProductCodeWithLicense }, CodeWithLicenseByMode, CodeWithLicenseRefuse, CodeWithLicenseAccept),
	number("allocationsMax", "M0140", "UsageAllocations of one record", func(p *Profile) *int { return &p.AllocationsMax }),
	boolean("customerAwsAccountIds", "M0184", "know CustomerAWSAccountId in requests and answers", func(p *Profile) *bool { return &p.AccountIDs }),
	boolean("licenseArns", "M0184", "know LicenseArn in requests and answers", func(p *Profile) *bool { return &p.Licenses }),
	boolean("clientTokens", "M0153", "know ClientToken in MeterUsage", func(p *Profile) *bool { return &p.ClientTokens }),
	duration("clientTokenLife", "M0153", "how long a ClientToken is remembered", func(p *Profile) *time.Duration { return &p.ClientTokenLife }),
	duration("registrationTokenLife", "M0181", "how long a registration token can be resolved", func(p *Profile) *time.Duration { return &p.RegistrationTokenLife }),
	boolean("explainRefusals", "M0193", "append to an exception's documented text what exactly was wrong", func(p *Profile) *bool { return &p.ExplainRefusals }),
	boolean("refuseOddContentType", "M0010", "answer 404 to a missing or unknown Content-Type even when X-Amz-Target is there", func(p *Profile) *bool { return &p.RefuseOddContentType }),
}

// Set overrides one switch.
func (p *Profile) Set(name, value string) error {
	names := make([]string, len(Switches))
	for i, s := range Switches {
		if s.Name == name {
			if err := s.set(p, value); err != nil {
				return fmt.Errorf("switch %s: %q is not %s", name, value, s.Values)
			}
			return nil
		}
		names[i] = s.Name
	}
	return fmt.Errorf("switch %q is unknown; the switches are %s", name, strings.Join(names, ", "))
}

// Value returns what the profile has the switch at.
func (s Switch) Value(p *Profile) string { return s.get(p) }

func duration(name, fact, doc string, field func(*Profile) *time.Duration) Switch {
	return Switch{name, fact, doc, "a duration of 0s or more, such as 6h or 90m",
		func(p *Profile) string { return field(p).String() },
		func(p *Profile, value string) error {
			d, err := time.ParseDuration(value)
			if err == nil && d < 0 {
				err = strconv.ErrRange
			}
			if err == nil {
				*field(p) = d
			}
			return err
		}}
}

func boolean(name, fact, doc string, field func(*Profile) *bool) Switch {
	return Switch{name, fact, doc, "true or false",
		func(p *Profile) string { return strconv.FormatBool(*field(p)) },
		func(p *Profile, value string) error {
			b, err := strconv.ParseBool(value)
			if err == nil {
				*field(p) = b
			}
			return err
		}}
}

func number(name, fact, doc string, field func(*Profile) *int) Switch {
	return Switch{name, fact, doc, "a whole number of 1 or more",
		func(p *Profile) string { return strconv.Itoa(*field(p)) },
		func(p *Profile, value string) error {
			n, err := strconv.Atoi(value)
			if err == nil && n < 1 {
				err = strconv.ErrRange
			}
			if err == nil {
				*field(p) = n
			}
			return err
		}}
}

func choice[T ~string](name, fact, doc string, field func(*Profile) *T, values ...T) Switch {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = string(v)
	}
	return Switch{name, fact, doc, strings.Join(words, " or "),
		func(p *Profile) string { return string(*field(p)) },
		func(p *Profile, value string) error {
			for _, v := range values {
				if string(v) == value {
					*field(p) = v
					return nil
				}
			}
			return strconv.ErrSyntax
		}}
}
