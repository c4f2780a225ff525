package scripts

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/meterd/meterd/api"
	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/metering"
)

// play is a story while it is played at a mount.
type play struct {
	ctx   context.Context
	mount mount
	state marketplace.State
	// profile is what the service behaves like by the state.
	profile metering.Profile
	now     time.Time
	caller  caller
	// ids holds the MeteringRecordIds by the names that the script gives them.
	ids map[string]string
}

// perform plays a story. It ends at the first line that does not come out,
// because what follows rests on it.
func perform(ctx context.Context, m mount, s *script, story *story) error {
	state, err := wholeMarketplace()
	if err != nil {
		return err
	}
	p := &play{ctx: ctx, mount: m, state: clone(state), ids: map[string]string{}}
	p.caller.region = state.Settings.Region
	if err := m.reset(ctx, state); err != nil {
		return err
	}
	if err := p.learn(); err != nil {
		return err
	}
	for _, l := range slices.Concat(s.start, story.lines) {
		if err := p.do(l); err != nil {
			var at *mismatch
			if !errors.As(err, &at) {
				err = &mismatch{l, err.Error()}
			}
			return err
		}
	}
	return nil
}

// mismatch is a line that did not come out as the script says.
type mismatch struct {
	line
	why string
}

func (m *mismatch) Error() string { return fmt.Sprintf("%s: %s\n\t%s", m.place, m.text, m.why) }

// verbs are the words that a line can begin with.
var verbs map[string]func(*play, line) error

func init() { // not a literal, because batch looks them up again
	verbs = map[string]func(*play, line) error{
		"now": (*play).setNow, "wait": (*play).wait, "as": (*play).as, "region": (*play).region,
		"profile": (*play).setProfile, "switch": (*play).setSwitches, "agreement": (*play).changeAgreement,
		"fault": (*play).fault, "throttle": (*play).throttle,
		"batch": (*play).batch, "meter": (*play).meter, "register": (*play).register, "resolve": (*play).resolve,
		"records": (*play).count, "record": (*play).record,
	}
}

func (p *play) do(l line) error {
	verb := verbs[l.words[0]]
	switch {
	case verb == nil:
		return fmt.Errorf("%q is no word that a line can begin with", l.words[0])
	case len(l.inner) > 0 && l.words[0] != "batch":
		return errors.New("only a batch has indented lines")
	}
	return verb(p, l)
}

func (p *play) args(l line) *args { return &args{words: l.words[1:], now: p.now} }

// answered compares what came with what the line wants.
func (p *play) answered(l line, got string, err error) error {
	want, operator, text := l.expectation()
	message := ""
	var refused *api.Error
	if errors.As(err, &refused) {
		got, message = string(refused.Name), refused.Message
		if err := checkStatus(refused); err != nil {
			return err
		}
	} else if err != nil {
		return err
	}
	switch {
	case !l.arrow:
		return &mismatch{l, strings.TrimSpace(fmt.Sprintf("want something else\n\tgot  %s\n\t     %s", got, message))}
	case got != want:
		return &mismatch{l, strings.TrimSpace(fmt.Sprintf("want %s\n\tgot  %s\n\t     %s", want, got, message))}
	case operator == "=" && message != text, operator == "~" && !strings.Contains(message, text):
		return &mismatch{l, fmt.Sprintf("want a message %s %q\n\tgot  %q", operator, text, message)}
	}
	return nil
}

// expectation splits what is wanted into the answer and what its message is to be.
func (l line) expectation() (answer, operator, text string) {
	want := l.want
	if n := len(want); n > 2 && (want[n-2] == "~" || want[n-2] == "=") {
		want, operator, text = want[:n-2], want[n-2], want[n-1]
	}
	return strings.Join(want, " "), operator, text
}

// checkStatus holds a refusal to the model's status.
func checkStatus(refused *api.Error) error {
	status := 400
	if e, ok := modelled(refused.Name); ok {
		status = e.Status
	}
	if refused.Name == api.RequestEntityTooLargeException {
		status = 413
	}
	if refused.Status != status {
		return fmt.Errorf("%v has status %d, want %d", refused, refused.Status, status)
	}
	return nil
}

var uuid = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// nameOf returns the script's name of an id. One that is not known yet gets
// the name that the line expects, if that is not another's.
func (p *play) nameOf(id string, l line) string {
	for name, known := range p.ids {
		if known == id {
			return name
		}
	}
	if i := slices.IndexFunc(l.want, isName); i >= 0 && p.ids[l.want[i]] == "" && uuid.MatchString(id) {
		p.ids[l.want[i]] = id
		return l.want[i]
	}
	return "the new id " + id
}

func isName(word string) bool { return len(word) > 1 && word[0] == '#' }

// known is the record without the members that the profile's time did not know.
func known(p *metering.Profile, r api.UsageRecord) api.UsageRecord {
	if !p.Licenses {
		r.LicenseArn = nil
	}
	if !p.AccountIDs {
		r.CustomerAWSAccountId = nil
	}
	return r
}

// learn reads the profile of the state.
func (p *play) learn() error {
	profile, err := metering.ProfileNamed(cmp.Or(p.state.Settings.Profile, metering.DefaultProfile))
	if err != nil {
		return err
	}
	for name, value := range p.state.Settings.Switches {
		if err := profile.Set(name, value); err != nil {
			return err
		}
	}
	p.profile = profile
	return nil
}
