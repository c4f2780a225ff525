package usagefile

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meterd/meterd/api"
	"github.com/meterd/meterd/client"
)

// checker makes the client's own checks.
func checker(t testing.TB) func(*string, *api.UsageRecord) error {
	t.Helper()
	c, err := client.New(context.Background(), client.Config{Endpoint: "http://127.0.0.1:1", APIKey: "key"})
	if err != nil {
		t.Fatal(err)
	}
	return func(product *string, u *api.UsageRecord) error { return c.Check(product, u, time.Time{}) }
}

func planOf(t *testing.T, sum bool, text string) []Record {
	t.Helper()
	return readText(t, CSV, text).Plan(Planning{Sum: sum, Check: checker(t), Destination: "here"})
}

// show writes a plan as: rows, then quantity or refusal.
func show(records []Record) (list []string) {
	for _, r := range records {
		text := "refused: " + r.Refusal
		if r.Refusal == "" {
			text = fmt.Sprint(*r.Usage.Quantity)
			for _, a := range r.Usage.UsageAllocations {
				text += fmt.Sprintf(" %d{%s}", *a.AllocatedUsageQuantity, tagSet(a.Tags))
			}
		}
		list = append(list, fmt.Sprint(r.Rows, " ", text))
	}
	return list
}

const planHead = "time,customer,account,license,dimension,quantity,tags\n"

func TestPlan(t *testing.T) {
	for name, test := range map[string]struct {
		sum  bool
		rows string
		want []string
	}{
		"oldest first": {false,
			"2026-11-22T12:00:00Z,a,,,d,1,\n2026-11-22T10:00:00Z,a,,,d,2,\n2026-11-22T11:00:00Z,a,,,d,3,\n",
			[]string{"[1] 2", "[2] 3", "[0] 1"}},
		"the hour counts": {false,
			"2026-11-22T12:00:00Z,a,,,d,1,\n2026-11-22T12:59:59.999Z,a,,,d,2,\n2026-11-22T13:00:00Z,a,,,d,3,\n",
			[]string{"[0 1] refused: lines 2, 3 tell the same buyer, dimension and hour, of which there can be one record; correct the file, or have them added up with --sum", "[2] 3"}},
		"identical rows are two": {false,
			"2026-11-22T12:00:00Z,a,,,d,1,\n2026-11-22T12:00:00Z,a,,,d,1,\n",
			[]string{"[0 1] refused: lines 2, 3 tell the same buyer, dimension and hour, of which there can be one record; correct the file, or have them added up with --sum"}},
		"all else keeps apart": {false,
			"2026-11-22T12:00:00Z,a,,,d,1,\n2026-11-22T12:00:00Z,b,,,d,1,\n2026-11-22T12:00:00Z,a,,,e,1,\n2026-11-22T12:00:00Z,,222233334444,,d,1,\n2026-11-22T12:00:00Z,,222233334444,arn:aws:license-manager::1:license:l-1,d,1,\n2026-11-22T12:00:00Z,,222233334444,arn:aws:license-manager::1:license:l-2,d,1,\n",
			[]string{"[4] 1", "[5] 1", "[0] 1", "[1] 1", "[2] 1", "[3] 1"}},
		"sums": {true,
			"2026-11-22T12:00:00Z,a,,,d,1,\n2026-11-22T12:30:00Z,a,,,d,2,\n2026-11-22T12:10:00Z,a,,,d,4,\n",
			[]string{"[0 1 2] 7"}},
		"sums of tags": {true,
			"2026-11-22T12:00:00Z,a,,,d,1,\"{\"\"k\"\":\"\"x\"\"}\"\n2026-11-22T12:00:00Z,a,,,d,2,\n2026-11-22T12:00:00Z,a,,,d,4,\"{\"\"k\"\":\"\"x\"\"}\"\n2026-11-22T12:00:00Z,a,,,d,0,\n",
			[]string{`[0 1 2 3] 7 5{"k"="x"} 2{}`}},
		"a sum too large": {true,
			"2026-11-22T12:00:00Z,a,,,d,2147483647,\n2026-11-22T12:00:00Z,a,,,d,1,\n",
			[]string{"[0 1] refused: the sum of lines 2, 3: BatchMeterUsage refused: ValidationException"}},
		"no part of a sum": {true,
			"2026-11-22T12:00:00Z,a,,,d,1,\n2026-11-22T12:00:00Z,a,,,d,x,\n2026-11-22T12:00:00Z,b,,,d,5,\n",
			[]string{"[0 1] refused: line 3, which tells the same buyer, dimension and hour, cannot be told; a part of the sum would stand for the whole", "[2] 5"}},
		"no part of any sum": {true,
			"2026-11-22T12:00:00Z,a,,,d,1,\nnoon,a,,,d,2,\n",
			[]string{"[1] refused: no time", "[0] refused: nothing is added up while line 3 cannot be read: it may belong here"}},
		"alone it does not matter": {false,
			"2026-11-22T12:00:00Z,a,,,d,1,\nnoon,a,,,d,2,\n",
			[]string{"[1] refused: no time", "[0] 1"}},
		"the client's checks": {false,
			"2026-11-22T12:00:00Z,a,222233334444,,d,1,\n2026-11-22T12:00:00Z,a,,,d,-1,\n",
			[]string{"[0] refused: BatchMeterUsage refused: InvalidCustomerIdentifierException", "[1] refused: BatchMeterUsage refused: ValidationException"}},
	} {
		t.Run(name, func(t *testing.T) {
			records := planOf(t, test.sum, planHead+test.rows)
			got := show(records)
			for i := range min(len(got), len(test.want)) {
				if strings.HasPrefix(got[i], test.want[i]) && strings.Contains(test.want[i], "Exception") {
					got[i] = test.want[i] // the rest is the client's
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			for _, r := range records {
				if (r.Digest == "") != (r.Refusal != "") {
					t.Errorf("%v has digest %q and refusal %q", r.Rows, r.Digest, r.Refusal)
				}
			}
		})
	}
}

// A digest is the same for the same record only.
func TestDigest(t *testing.T) {
	const row = "2026-11-22T12:00:00Z,a,,,d,1,\n"
	of := func(text string) string { return planOf(t, false, planHead+text)[0].Digest }
	for _, other := range []string{
		"2026-11-22T12:00:01Z,a,,,d,1,\n", "2026-11-22T12:00:00Z,b,,,d,1,\n", "2026-11-22T12:00:00Z,a,,,e,1,\n",
		"2026-11-22T12:00:00Z,a,,,d,2,\n", "2026-11-22T12:00:00Z,a,,,d,1,\"{\"\"k\"\":\"\"x\"\"}\"\n",
	} {
		if of(other) == of(row) {
			t.Errorf("%q has the digest of %q", other, row)
		}
	}
	if of("2026-11-22T13:00:00+01:00,a,,,d,1,\n") != of(row) {
		t.Error("the zone changes the digest")
	}
	record := planOf(t, false, planHead+row)[0]
	if digest("elsewhere", &record) == record.Digest {
		t.Error("the destination does not matter")
	}
}

func TestSumTakesTheLatestTime(t *testing.T) {
	record := planOf(t, true, planHead+"2026-11-22T12:00:00Z,a,,,d,1,\n2026-11-22T12:40:00Z,a,,,d,1,\n2026-11-22T12:20:00Z,a,,,d,1,\n")[0]
	if want := noon.Add(40 * time.Minute); !record.Usage.Timestamp.Equal(want) {
		t.Errorf("the time is %s, want %s", record.Usage.Timestamp, want)
	}
}
