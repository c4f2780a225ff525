package reconcile

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// ours and theirs are entries of 5 units; theirs has all the names of the buyer.
func ours(state State, change ...func(*Entry)) Entry {
	e := Entry{Product: "saas", Buyer: Buyer{Identifier: "a"}, Dimension: "d", Time: noon.Add(59 * time.Minute), Quantity: 5, State: state}
	for _, c := range change {
		c(&e)
	}
	return e
}

func theirs(change ...func(*Entry)) Entry {
	e := ours(Accepted, change...)
	e.Time = noon
	if e.Buyer.License == "" {
		e.Buyer = Buyer{Identifier: "a", Account: "2222"}
	}
	if e.ID == "" {
		e.ID = "m-1"
	}
	return e
}

func quantity(n int64) func(*Entry) { return func(e *Entry) { e.Quantity = n } }
func id(text string) func(*Entry)   { return func(e *Entry) { e.ID = text } }
func because(why string) func(*Entry) {
	return func(e *Entry) { e.Reason = why }
}
func of(product string, b Buyer) func(*Entry) {
	return func(e *Entry) { e.Product, e.Buyer = product, b }
}
func at(t time.Time) func(*Entry) { return func(e *Entry) { e.Time = t } }
func refused(e Entry) Entry       { e.State = Refused; return e }

func show(lines []Line) (texts []string) {
	text := func(n *int64) string {
		if n == nil {
			return "-"
		}
		return fmt.Sprint(*n)
	}
	for _, l := range lines {
		texts = append(texts, fmt.Sprintf("%s %s/%s %s", l.Kind, text(l.Ours), text(l.Service), l.Reason))
	}
	return texts
}

func TestCompare(t *testing.T) {
	licensed := of("saas", Buyer{Account: "2222", License: "l-1"})
	for name, test := range map[string]struct {
		ours, service []Entry
		want          []string
	}{
		"equal":                       {[]Entry{ours(Accepted)}, []Entry{theirs()}, []string{"equal 5/5 "}},
		"equal by account":            {[]Entry{ours(Accepted, of("saas", Buyer{Account: "2222"}))}, []Entry{theirs()}, []string{"equal 5/5 "}},
		"equal by licence":            {[]Entry{ours(Accepted, licensed)}, []Entry{theirs(of("", Buyer{Account: "2222", License: "l-1"}))}, []string{"equal 5/5 "}},
		"a zero is a record":          {[]Entry{ours(Accepted, quantity(0))}, []Entry{theirs(quantity(0))}, []string{"equal 0/0 "}},
		"told again":                  {[]Entry{ours(Accepted)}, []Entry{theirs(), theirs()}, []string{"equal 5/5 "}},
		"nothing at all":              {nil, nil, nil},
		"never sent":                  {[]Entry{ours(Planned, because("expired"))}, nil, []string{"never sent 5/- expired"}},
		"refused":                     {[]Entry{ours(Refused, because("DuplicateRecord"))}, nil, []string{"sent and refused 5/- DuplicateRecord"}},
		"refused, says the trail":     {[]Entry{ours(Sent)}, []Entry{refused(theirs(because("CustomerNotSubscribed")))}, []string{"sent and refused 5/- CustomerNotSubscribed"}},
		"refused, then accepted":      {[]Entry{ours(Accepted)}, []Entry{refused(theirs(because("ThrottlingException"))), theirs()}, []string{"equal 5/5 "}},
		"unanswered":                  {[]Entry{ours(Sent)}, nil, []string{"sent, not there 5/- "}},
		"missing":                     {[]Entry{ours(Accepted, id("m-9"))}, nil, []string{"accepted, not there 5/- "}},
		"another quantity":            {[]Entry{ours(Refused, quantity(7), because("DuplicateRecord"))}, []Entry{theirs()}, []string{"different quantity 7/5 DuplicateRecord"}},
		"another quantity, accepted":  {[]Entry{ours(Accepted, quantity(7))}, []Entry{theirs()}, []string{"different quantity 7/5 "}},
		"not ours":                    {nil, []Entry{theirs()}, []string{"not ours -/5 "}},
		"a stranger's refusal":        {nil, []Entry{refused(theirs())}, nil},
		"unsettled":                   {[]Entry{ours(Sent)}, []Entry{theirs()}, []string{"there, verdict not kept 5/5 "}},
		"planned, and there":          {[]Entry{ours(Planned)}, []Entry{theirs()}, []string{"there, verdict not kept 5/5 "}},
		"given up":                    {[]Entry{ours(Withdrawn)}, nil, nil},
		"given up, but there":         {[]Entry{ours(Withdrawn)}, []Entry{theirs()}, []string{"given up, but there 5/5 "}},
		"two books are billed twice":  {[]Entry{ours(Accepted, id("m-1"))}, []Entry{theirs(), theirs(id("m-2"))}, []string{"different quantity 5/10 "}},
		"licence and product are two": {[]Entry{ours(Accepted, licensed)}, []Entry{theirs()}, []string{"accepted, not there 5/- ", "not ours -/5 "}},
		"other hours":                 {[]Entry{ours(Accepted, at(noon.Add(-time.Second)))}, []Entry{theirs()}, []string{"accepted, not there 5/- ", "not ours -/5 "}},
		"other products":              {[]Entry{ours(Accepted, of("ami", Buyer{Identifier: "a"}))}, []Entry{theirs()}, []string{"accepted, not there 5/- ", "not ours -/5 "}},
		"a file corrected":            {[]Entry{ours(Refused, quantity(7), because("bad")), ours(Accepted, id("m-1"))}, []Entry{theirs()}, []string{"equal 5/5 ", "sent and refused 7/- bad"}},
		"a file twice":                {[]Entry{ours(Accepted, id("m-1")), ours(Accepted, id("m-1"))}, []Entry{theirs()}, []string{"equal 5/5 "}},
		"by two names of one buyer":   {[]Entry{ours(Accepted), ours(Accepted, of("saas", Buyer{Account: "2222"}))}, []Entry{theirs()}, []string{"accepted, not there 5/- ", "equal 5/5 "}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, show(Compare(test.ours, test.service))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestReportAndFilter(t *testing.T) {
	lines := func() []Line {
		return Compare(
			[]Entry{ours(Accepted), ours(Withdrawn, at(noon.Add(time.Hour))), ours(Planned, quantity(3), at(noon.Add(2*time.Hour))), ours(Accepted, of("other", Buyer{License: "l-1"}))},
			[]Entry{theirs(), theirs(at(noon), of("", Buyer{Account: "2222", License: "l-1"})), theirs(of("", Buyer{Account: "2222", License: "l-2"}))},
		)
	}
	r := ReportOf(lines(), false)
	want := Report{
		Records: map[Kind]int{Equal: 2, NeverSent: 1, NotOurs: 1},
		Totals: []Total{
			{"", "d", Amount{0, 0}, Amount{1, 5}},
			{"other", "d", Amount{1, 5}, Amount{1, 5}},
			{"saas", "d", Amount{2, 8}, Amount{1, 5}},
		},
	}
	if diff := cmp.Diff(want.Totals, r.Totals); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(want.Records, r.Records); diff != "" || r.Equal || len(r.Lines) != 2 {
		t.Errorf("equal %v, %d lines %s", r.Equal, len(r.Lines), diff)
	}
	if all := ReportOf(lines(), true); len(all.Lines) != 4 {
		t.Errorf("%d lines of all", len(all.Lines))
	}
	for name, test := range map[string]struct {
		filter Filter
		want   int
	}{
		"all":               {Filter{}, 4},
		"from":              {Filter{From: noon.Add(time.Hour)}, 1},
		"to":                {Filter{To: noon.Add(2 * time.Hour)}, 3},
		"a product":         {Filter{Product: "saas"}, 3}, // and the licence that names none
		"another":           {Filter{Product: "other"}, 2},
		"by the identifier": {Filter{Customer: "a"}, 2},
		"by the account":    {Filter{Customer: "2222"}, 3}, // what is never sent has no account
		"by the licence":    {Filter{Customer: "l-2"}, 1},
	} {
		if got := test.filter.Choose(lines()); len(got) != test.want {
			t.Errorf("%s: %d lines, want %d: %v", name, len(got), test.want, show(got))
		}
	}
	if !ReportOf(nil, false).Equal {
		t.Error("nothing differs from nothing")
	}
}

func TestEveryKindSaysWhatToDo(t *testing.T) {
	for _, kind := range Kinds[1:] {
		if kind.Do() == Equal.Do() {
			t.Errorf("%s asks for nothing", kind)
		}
	}
}
