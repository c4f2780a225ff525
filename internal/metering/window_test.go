package metering

import (
	"testing"
	"time"
)

func at(text string) time.Time {
	t, err := time.Parse("2006-01-02T15:04:05.999Z07:00", text)
	if err != nil {
		panic(err) // unreachable unless a test's own text is wrong
	}
	return t
}

func TestBatchWindow(t *testing.T) {
	tests := []struct {
		name     string
		profile  string
		switches map[string]string
		ts, now  string
		want     Rule
	}{
		{"now", DefaultProfile, nil, "2026-11-22T10:30:00Z", "2026-11-22T10:30:00Z", ""},
		{"a millisecond under 24 h", DefaultProfile, nil, "2026-11-21T10:30:00.001Z", "2026-11-22T10:30:00Z", ""},
		{"24 h", DefaultProfile, nil, "2026-11-21T10:30:00Z", "2026-11-22T10:30:00Z", RuleTimestampTooOld},
		{"5 min ahead", DefaultProfile, nil, "2026-11-22T10:35:00Z", "2026-11-22T10:30:00Z", ""},
		{"more than 5 min ahead", DefaultProfile, nil, "2026-11-22T10:35:00.001Z", "2026-11-22T10:30:00Z", RuleTimestampInFuture},
		{"last month before 06:00", DefaultProfile, nil, "2026-03-31T23:00:00Z", "2026-04-01T05:59:59.999Z", ""},
		{"last month at 06:00", DefaultProfile, nil, "2026-03-31T23:59:59.999Z", "2026-04-01T06:00:00Z", RuleMonthClosed},
		{"this month at 06:00", DefaultProfile, nil, "2026-04-01T00:00:00Z", "2026-04-01T06:00:00Z", ""},
		{"open month does not revive", DefaultProfile, nil, "2026-03-30T20:00:00Z", "2026-04-01T05:00:00Z", RuleTimestampTooOld},
		{"open month revives by switch", DefaultProfile, map[string]string{"monthEndRevives": "true"}, "2026-03-01T00:00:00Z", "2026-04-01T05:00:00Z", ""},
		{"but not the month before", DefaultProfile, map[string]string{"monthEndRevives": "true"}, "2026-02-28T23:59:59Z", "2026-04-01T05:00:00Z", RuleTimestampTooOld},
		{"year's end", DefaultProfile, nil, "2025-12-31T23:00:00Z", "2026-01-01T06:00:00Z", RuleMonthClosed},
		{"by hour: the hour 24 h ago", DefaultProfile, map[string]string{"ageByHour": "true"}, "2026-11-21T10:00:00Z", "2026-11-22T10:59:59Z", ""},
		{"by hour: the hour before it", DefaultProfile, map[string]string{"ageByHour": "true"}, "2026-11-21T09:59:59.999Z", "2026-11-22T10:00:00Z", RuleTimestampTooOld},
		{"2025: under 6 h", "2025", nil, "2026-11-22T04:30:00.001Z", "2026-11-22T10:30:00Z", ""},
		{"2025: 6 h", "2025", nil, "2026-11-22T04:30:00Z", "2026-11-22T10:30:00Z", RuleTimestampTooOld},
		{"2025: months do not matter", "2025", nil, "2026-03-31T23:30:00Z", "2026-04-01T05:00:00Z", ""},
		{"2020: under an hour", "2020", nil, "2026-11-22T09:30:00.001Z", "2026-11-22T10:30:00Z", ""},
		{"2020: an hour", "2020", nil, "2026-11-22T09:30:00Z", "2026-11-22T10:30:00Z", RuleTimestampTooOld},
		{"year 1", DefaultProfile, nil, "0001-01-01T00:00:00Z", "2026-11-22T10:30:00Z", RuleMonthClosed},
		{"year 9999", DefaultProfile, nil, "9999-12-31T23:59:59Z", "2026-11-22T10:30:00Z", RuleTimestampInFuture},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := profileWith(t, test.profile, test.switches)
			check(t, p.BatchWindow().Check(at(test.ts), at(test.now)), test.want)
		})
	}
}

func TestMeterWindowLetsTheEdgePassAndForgetsMonths(t *testing.T) {
	p := profileWith(t, DefaultProfile, nil)
	check(t, p.MeterWindow().Check(at("2026-11-22T04:30:00Z"), at("2026-11-22T10:30:00Z")), "")
	check(t, p.MeterWindow().Check(at("2026-11-22T04:29:59.999Z"), at("2026-11-22T10:30:00Z")), RuleTimestampTooOld)
	check(t, p.MeterWindow().Check(at("2026-03-31T23:30:00Z"), at("2026-04-01T05:00:00Z")), "")
}

func TestDurationsReadAsPeopleSayThem(t *testing.T) {
	for d, want := range map[time.Duration]string{
		24 * time.Hour: "24h", 90 * time.Minute: "1h30m", 10 * time.Minute: "10m", 5*time.Minute + time.Second: "5m1s",
		time.Hour + 10*time.Second: "1h0m10s", 0: "0s", 1400 * time.Millisecond: "1s", 20 * time.Hour: "20h",
		60 * time.Hour: "2 days", 1 << 62: "more than a year",
	} {
		if got := showDuration(d); got != want {
			t.Errorf("%v is shown as %s, want %s", d, got, want)
		}
	}
}

func TestHourOf(t *testing.T) {
	for text, want := range map[string]uint32{
		"1970-01-01T00:59:59.999Z":  0,
		"1970-01-01T01:00:00Z":      1,
		"2026-11-22T10:59:59.999Z":  498706,
		"2026-11-22T12:30:00+02:00": 498706,
		"1969-12-31T23:00:00Z":      0,
	} {
		if got := HourOf(at(text)); got != want {
			t.Errorf("HourOf(%s) = %d, want %d", text, got, want)
		}
	}
}

func profileWith(t *testing.T, name string, switches map[string]string) *Profile {
	t.Helper()
	p, err := ProfileNamed(name)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range switches {
		if err := p.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
	return &p
}

func check(t *testing.T, got *Refusal, want Rule) {
	t.Helper()
	switch {
	case got == nil && want != "":
		t.Errorf("accepted, want %s", want)
	case got != nil && got.Rule != want:
		t.Errorf("refused with %v, want %q", got, want)
	case got != nil && got.Detail == "":
		t.Error("a refusal must say why")
	}
}
