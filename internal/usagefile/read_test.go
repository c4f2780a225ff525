package usagefile

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meterd/meterd/api"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func options(format Format) Options {
	return Options{Format: format, Product: "saas", ParseTime: func(text string) (time.Time, error) {
		t, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return t, errors.New("no time")
		}
		return t, nil
	}}
}

func readText(t *testing.T, format Format, text string) *File {
	t.Helper()
	file, err := Read(strings.NewReader(text), options(format))
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func usage(customer, dimension string, n int64) api.UsageRecord {
	return api.UsageRecord{Timestamp: &noon, CustomerIdentifier: &customer, Dimension: &dimension, Quantity: &n}
}

// Both formats mean the same.
func TestReadBothFormats(t *testing.T) {
	tagged := usage("c", "gb", 3)
	tagged.UsageAllocations = []api.UsageAllocation{{AllocatedUsageQuantity: new(int64(3)), Tags: []api.Tag{{Key: new("a"), Value: new("1")}, {Key: new("b"), Value: new("2")}}}}
	split := usage("c", "gb", 3)
	split.UsageAllocations = []api.UsageAllocation{{AllocatedUsageQuantity: new(int64(1)), Tags: []api.Tag{{Key: new("a"), Value: new("1")}}}, {AllocatedUsageQuantity: new(int64(2))}}
	licensed := api.UsageRecord{Timestamp: &noon, CustomerAWSAccountId: new("222233334444"), LicenseArn: new("l"), Dimension: new("users"), Quantity: new(int64(0))}
	want := []Row{
		{Product: "saas", Usage: usage("c", "users", 7)},
		{Product: "saas", Usage: tagged},
		{Product: "other", Usage: split},
		{Product: "saas", Usage: licensed},
	}
	for format, text := range map[Format]string{
		CSV: byteOrderMark + "time_stamp,Customer ID,account id,LICENSE-ARN,Dimension,Quantity,tags,Usage Allocations,product\n" +
			"2026-11-22T12:00:00Z, c ,,,users,7,,,\n" +
			`2026-11-22T13:00:00+01:00,c,,,gb,3,"{""b"":""2"",""a"":""1""}",,` + "\n" +
			`2026-11-22T12:00:00.0004Z,c,,,gb,3,,"[{""Quantity"":1,""Tags"":{""a"":""1""}},{""AllocatedUsageQuantity"":2}]",other` + "\n\n" +
			"2026-11-22T12:00:00Z,,222233334444,l,users,0,,,\n",
		NDJSON: `{"Timestamp":"2026-11-22T12:00:00Z","CustomerIdentifier":"c","Dimension":"users","Quantity":7,"LicenseArn":null}
{"Timestamp":"2026-11-22T13:00:00+01:00","CustomerIdentifier":"c","Dimension":"gb","Quantity":"3","tags":{"b":"2","a":"1"}}
{"Timestamp":"2026-11-22T12:00:00Z","CustomerIdentifier":"c","Dimension":"gb","Quantity":3,"UsageAllocations":[{"AllocatedUsageQuantity":1,"Tags":[{"Key":"a","Value":"1"}]},{"AllocatedUsageQuantity":2}],"ProductCode":"other"}

{"Timestamp":"2026-11-22T12:00:00Z","CustomerAWSAccountId":"222233334444","LicenseArn":"l","Dimension":"users","Quantity":0}`,
	} {
		file := readText(t, format, text)
		for i, line := range []int{1, 2, 3, 5} {
			if format == CSV {
				line++
			}
			want[i].Line = line
		}
		if diff := cmp.Diff(want, file.Rows, cmp.AllowUnexported(Row{})); diff != "" {
			t.Errorf("%s: %s", format, diff)
		}
	}
}

func TestRowsThatCannotBeTold(t *testing.T) {
	const head = "Timestamp,Customer,Dimension,Quantity,Tags,UsageAllocations\n"
	for row, want := range map[string]string{
		`noon,c,d,1,,`:                                                     "no time",
		`,c,d,1,,`:                                                         "has no time",
		`2026-11-22T12:00:00Z,,d,1,,`:                                      "no buyer",
		`2026-11-22T12:00:00Z,c,,1,,`:                                      "no dimension",
		`2026-11-22T12:00:00Z,c,d,,,`:                                      "no quantity; write 0",
		`2026-11-22T12:00:00Z,c,d,1.5,,`:                                   `"1.5" is not a whole number`,
		`2026-11-22T12:00:00Z,c,d,"1,000",,`:                               `"1,000" is not a whole number`,
		`2026-11-22T12:00:00Z,c,d,9223372036854775808,,`:                   "is not a whole number",
		`2026-11-22T12:00:00Z,c,d,1,x,`:                                    "are not JSON such as",
		`2026-11-22T12:00:00Z,c,d,1,,{}`:                                   "are not JSON such as",
		`2026-11-22T12:00:00Z,c,d,1,,"[{""Amount"":1}]"`:                   `unknown field "Amount"`,
		`2026-11-22T12:00:00Z,c,d,1,"{""a"":""1""}","[{""Quantity"":1}]"`:  "both allocations and tags",
		`2026-11-22T12:00:00Z,c,d,1`:                                       "4 columns, the first line has 6",
		`2026-11-22T12:00:00Z,c,d,1,,"[{""Quantity"":1}] [{""x"":""y""}]"`: "more after the JSON value",
	} {
		file := readText(t, CSV, head+row+"\n")
		if len(file.Rows) != 1 || !strings.Contains(file.Rows[0].Mistake, want) {
			t.Errorf("%s: %+v, want a mistake with %q", row, file.Rows, want)
		}
	}
	for line, want := range map[string]string{
		`[1]`:  "not a JSON object",
		`null`: "not a JSON object",
		`{"time":"2026-11-22T12:00:00Z","Timestamp":"2026-11-22T12:00:00Z"}`:                         `"Timestamp" and "time" could both be the time`,
		`{"time":"2026-11-22T12:00:00Z","customer":"c","dimension":"d","quantity":7.0}`:              `"7.0" is not a whole number`,
		`{"time":"2026-11-22T12:00:00Z","customer":"c","dimension":"d","quantity":{"a":1},"x":null}`: "is not a whole number",
	} {
		file := readText(t, NDJSON, line)
		if len(file.Rows) != 1 || !strings.Contains(file.Rows[0].Mistake, want) {
			t.Errorf("%s: %+v, want a mistake with %q", line, file.Rows, want)
		}
	}
}

func TestColumns(t *testing.T) {
	for name, test := range map[string]struct {
		header  string
		mapping map[string]string
		unused  []string
		mistake string
	}{
		"all found":       {"note;USAGE_TIMESTAMP;CustomerAWSAccountID;usage-dimension;UsageQuantity", nil, []string{"note"}, ""},
		"tabs":            {"time\taccount\tdimension\tquantity", nil, nil, ""},
		"mapped":          {"When,Who,What,Units,Customer", map[string]string{"Timestamp": "When", "customer": "Who", "dimension": "What", "quantity": "Units"}, []string{"Customer"}, ""},
		"two for one":     {"time,Timestamp,customer,dimension,quantity", nil, nil, `"time" and "Timestamp" could both be the time; choose with --map time=COLUMN`},
		"chosen":          {"time,Timestamp,customer,dimension,quantity", map[string]string{"time": "time"}, []string{"Timestamp"}, ""},
		"not there":       {"time,customer,dimension,quantity", map[string]string{"quantity": "Units"}, nil, `no column "Units", which is to be the quantity`},
		"no quantity":     {"time,customer,dimension,units", nil, nil, "no column is the quantity"},
		"no buyer":        {"time,dimension,quantity", nil, nil, "no column is the customer or the account"},
		"unknown field":   {"time", map[string]string{"units": "x"}, nil, `"units" is not one of account`},
		"field twice":     {"time", map[string]string{"time": "x", "Timestamp": "y"}, nil, "time is given twice"},
		"an empty header": {"", nil, nil, "the file is empty"},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(CSV)
			var err error
			var file *File
			if o.Mapping, err = ParseMapping(test.mapping); err == nil {
				file, err = Read(strings.NewReader(test.header), o)
			}
			if test.mistake != "" {
				if err == nil || !strings.Contains(err.Error(), test.mistake) {
					t.Errorf("error %v, want %q", err, test.mistake)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.unused, file.Unused); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What a lost quote swallows must not be lost silently.
func TestFileThatFallsApart(t *testing.T) {
	for _, text := range []string{
		"time,customer,dimension,quantity\n2026-11-22T12:00:00Z,\"c,d,1\n2026-11-22T12:00:00Z,c,d,1\n",
		"time,customer,dimension,quantity\n2026-11-22T12:00:00Z,c\"c,d,1\n",
	} {
		if file, err := Read(strings.NewReader(text), options(CSV)); err == nil {
			t.Errorf("%q was read as %+v", text, file.Rows)
		}
	}
	if _, err := Read(strings.NewReader(strings.Repeat("x", lineBytesMax+1)), options(NDJSON)); err == nil {
		t.Error("a line beyond the limit was read")
	}
	o := options(NDJSON)
	o.Mapping = Mapping{Quantity: "Units"}
	if _, err := Read(strings.NewReader(`{"quantity":1}`), o); err == nil || !strings.Contains(err.Error(), `no row has a member "Units"`) {
		t.Errorf("error %v", err)
	}
}

func TestFormatOf(t *testing.T) {
	for name, want := range map[string]Format{"a.csv": CSV, "a.CSV": CSV, "a.tsv": CSV, "a.ndjson": NDJSON, "a.jsonl": NDJSON, "a.json": "", "csv": ""} {
		if got := FormatOf(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}
