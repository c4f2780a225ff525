package metering

import (
	"strings"
	"testing"
)

func TestProfiles(t *testing.T) {
	for _, name := range ProfileNames {
		p, err := ProfileNamed(name)
		if err != nil || p.Name != name {
			t.Errorf("ProfileNamed(%q) = %q, %v", name, p.Name, err)
		}
	}
	_, err := ProfileNamed("2019")
	if err == nil || !strings.Contains(err.Error(), "2026-09, 2025, 2020") {
		t.Errorf("an unknown profile must name the known ones, got %v", err)
	}
}

// Every switch must take the value that it shows, change the profile, and
// refuse nonsense by naming itself.
func TestSwitches(t *testing.T) {
	other := map[string]string{"true": "false", "false": "true", string(Success): string(DuplicateRecord), string(CodeWithLicenseByMode): string(CodeWithLicenseAccept)}
	names := map[string]bool{}
	for _, s := range Switches {
		if names[s.Name] {
			t.Errorf("%s is there twice", s.Name)
		}
		names[s.Name] = true
		p := profileWith(t, DefaultProfile, nil)
		before := s.Value(p)
		if err := p.Set(s.Name, before); err != nil {
			t.Errorf("%s does not take its own value: %v", s.Name, err)
		}
		value, ok := other[before]
		switch {
		case ok:
		case strings.HasSuffix(before, "s"):
			value = "7m0s"
		default:
			value = "7"
		}
		if err := p.Set(s.Name, value); err != nil || s.Value(p) != value {
			t.Errorf("%s=%s gives %s, %v", s.Name, value, s.Value(p), err)
		}
		for _, nonsense := range []string{"", "nonsense", "-1", "-1s"} {
			if err := p.Set(s.Name, nonsense); err == nil || !strings.Contains(err.Error(), s.Name) || !strings.Contains(err.Error(), s.Values) {
				t.Errorf("%s=%q: error must name the switch and its values, got %v", s.Name, nonsense, err)
			}
		}
	}
	p := profileWith(t, DefaultProfile, nil)
	if err := p.Set("identicalretry", "Success"); err == nil || !strings.Contains(err.Error(), "identicalRetry") {
		t.Errorf("an unknown switch must name the known ones, got %v", err)
	}
}

func TestOlderProfilesForgetNewerMembers(t *testing.T) {
	told := Batch{"prod", []Usage{{License: "arn", Account: "111122223333", Customer: "cust-1"}}}
	for name, want := range map[string]Usage{
		DefaultProfile: told.Usages[0],
		"2025":         {Account: "111122223333", Customer: "cust-1"},
		"2020":         {Customer: "cust-1"},
	} {
		got := profileWith(t, name, nil).Known(told).Usages[0]
		if got.License != want.License || got.Account != want.Account || got.Customer != want.Customer {
			t.Errorf("%s knows %+v, want %+v", name, got, want)
		}
	}
	if told.Usages[0].License == "" {
		t.Error("Known changed its argument")
	}
}

func TestRulesAreDistinct(t *testing.T) {
	seen := map[Rule]bool{}
	for _, r := range Rules {
		if r == "" || seen[r] {
			t.Errorf("rule %q is empty or there twice", r)
		}
		seen[r] = true
	}
}
