package scripts

import (
	"fmt"
	"strings"
	"time"

	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/metering"
)

// The lines that change circumstances: time, caller, marketplace, faults.

func (p *play) setNow(l line) error {
	a := p.args(l)
	t := a.moment()
	if err := a.done(); err != nil {
		return err
	}
	p.moveTo(*t)
	return nil
}

func (p *play) wait(l line) error {
	a := p.args(l)
	text := a.next("how long")
	if err := a.done(); err != nil {
		return err
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return err
	}
	p.moveTo(p.now.Add(d))
	return nil
}

func (p *play) moveTo(t time.Time) {
	p.now = t
	p.mount.setClock(t)
}

func (p *play) as(l line) error {
	a := p.args(l)
	name := a.next("a name")
	if err := a.done(); err != nil {
		return err
	}
	principal, err := principalOf(p.state, name)
	p.caller.Principal = principal
	return err
}

func (p *play) region(l line) error {
	a := p.args(l)
	p.caller.region = metering.Region(a.next("a Region"))
	return a.done()
}

func (p *play) setProfile(l line) error {
	a := p.args(l)
	name := a.next("a profile")
	if err := a.done(); err != nil {
		return err
	}
	return p.change(func(s *marketplace.State) { s.Settings.Profile = name })
}

func (p *play) setSwitches(l line) error {
	return p.change(func(s *marketplace.State) {
		s.Settings.Switches = map[string]string{}
		for _, word := range l.words[1:] {
			name, value, _ := strings.Cut(word, "=")
			s.Settings.Switches[name] = value
		}
	})
}

func (p *play) changeAgreement(l line) error {
	a := p.args(l)
	license, status := a.next("a licence"), a.next("a status")
	from, until := a.optionalTime("from"), a.optionalTime("until")
	if err := a.done(); err != nil {
		return err
	}
	if agreementOf(p.state, licenseOf(license)) == nil {
		return fmt.Errorf("no agreement has licence %s", license)
	}
	return p.change(func(s *marketplace.State) {
		agreement := agreementOf(*s, licenseOf(license))
		agreement.Status = marketplace.Status(status)
		if from != nil {
			agreement.Start = *from
		}
		if until != nil {
			agreement.End = *until
		}
	})
}

func (a *args) optionalTime(word string) *time.Time {
	if len(a.words) == 0 || a.words[0] != word {
		return nil
	}
	return a.time(word)
}

// change applies another marketplace.
func (p *play) change(edit func(*marketplace.State)) error {
	// The service keeps the old state until it has the new one.
	p.state = clone(p.state)
	edit(&p.state)
	if err := p.learn(); err != nil {
		return err
	}
	return p.mount.apply(p.ctx, p.state)
}

func (p *play) fault(l line) error {
	var parties []string
	for _, name := range l.words[1:] {
		party, err := partyOf(p.state, name)
		if err != nil {
			return err
		}
		parties = append(parties, party)
	}
	return p.mount.setFaults(p.ctx, parties)
}

func (p *play) throttle(l line) error {
	a := p.args(l)
	rate := a.next("a rate")
	if err := a.done(); err != nil {
		return err
	}
	return p.mount.setThrottle(rate)
}
