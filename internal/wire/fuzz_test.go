package wire

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/meterd/meterd/api"
)

// FuzzDecode holds the decoder against encoding/json. They differ on purpose
// in three things only:
//
//   - encoding/json replaces bytes that are not UTF-8, the service refuses them;
//   - encoding/json follows 10,000 levels of nesting, the decoder nestingMax;
//   - a value of the wrong kind is refused even when the same key comes again
//     with a right one: the decoder reads in one pass.
func FuzzDecode(f *testing.F) {
	for _, body := range captures(f) {
		f.Add(body, false)
		f.Add(body, true)
	}
	for _, test := range malformedBatches {
		f.Add(test.body, false)
		f.Add(strings.NewReplacer("Quantity", "UsageQuantity", "ProductCode", "DryRun").Replace(test.body), true)
	}
	f.Fuzz(func(t *testing.T, body string, plain bool) {
		dialect := AWSJSON
		if plain {
			dialect = PlainJSON
		}
		batch, err := DecodeBatchMeterUsage(body, dialect)
		compare(t, body, dialect, batch, err, (*oracle).batch)
		meter, err := DecodeMeterUsage(body, dialect)
		compare(t, body, dialect, meter, err, (*oracle).meter)
		// These two have no member of a kind of their own.
		if _, err := DecodeRegisterUsage(body, dialect); !json.Valid([]byte(body)) {
			checkSyntaxRefused(t, body, err)
		}
		if _, err := DecodeResolveCustomer(body, dialect); !json.Valid([]byte(body)) {
			checkSyntaxRefused(t, body, err)
		}
	})
}

func compare[T any](t *testing.T, body string, d Dialect, got *T, err *api.Error, ask func(*oracle, any) *T) {
	t.Helper()
	if (got == nil) == (err == nil) {
		t.Fatalf("%q gave %v and %v", body, got, err)
	}
	if !json.Valid([]byte(body)) || !utf8.ValidString(body) {
		checkSyntaxRefused(t, body, err)
		return
	}
	if strings.Count(body, "{")+strings.Count(body, "[") > nestingMax {
		return
	}
	decoder := json.NewDecoder(strings.NewReader(body))
	decoder.UseNumber()
	var document any
	if err := decoder.Decode(&document); err != nil {
		t.Fatalf("encoding/json finds %q valid, but %v", body, err)
	}
	o := &oracle{dialect: d}
	want := ask(o, document)
	switch {
	case o.unsure:
	case err == nil && o.refused:
		t.Errorf("%s %q is accepted as %+v, but has a value of a wrong kind", d, body, got)
	case err != nil && !o.refused && !repeatsAKey(body):
		t.Errorf("%s %q is refused: %v", d, body, err)
	case err == nil:
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s %q (-encoding/json +decoder):\n%s", d, body, diff)
		}
	}
}

func checkSyntaxRefused(t *testing.T, body string, err *api.Error) {
	t.Helper()
	if err == nil || err.Name != api.SerializationException || err.Status != 400 {
		t.Errorf("%q is not JSON in UTF-8, but the decoder says %v", body, err)
	}
}

// captures returns the bodies that real clients sent.
func captures(f *testing.F) (bodies []string) {
	paths, err := filepath.Glob("testdata/wire/*/*.http")
	if err != nil || len(paths) == 0 {
		f.Fatalf("no captures: %v", err)
	}
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		_, body, _ := strings.Cut(string(raw), "\r\n\r\n")
		bodies = append(bodies, body)
	}
	return bodies
}

// FuzzEncode reads what the encoder writes with encoding/json and with the
// decoder.
func FuzzEncode(f *testing.F) {
	f.Add("users", "cust-1", "b3f0", int64(7), int64(1788258030456), uint8(0xff), false)
	f.Add("a\"\\\x00\u2028<", "\xff", "", int64(-1), int64(-1), uint8(0), true)
	f.Fuzz(func(t *testing.T, name, customer, id string, quantity, milli int64, shape uint8, plain bool) {
		dialect := AWSJSON
		if plain {
			dialect = PlainJSON
		}
		record := shaped(name, customer, quantity, milli, shape)
		encoded := AppendBatchMeterUsage(nil, &api.BatchMeterUsageResult{
			Results:            []api.UsageRecordResult{{UsageRecord: record, MeteringRecordId: id, Status: api.Success}},
			UnprocessedRecords: []api.UsageRecord{record},
		}, dialect)
		var read struct {
			Results []struct {
				UsageRecord              json.RawMessage
				MeteringRecordId, Status string
			}
			UnprocessedRecords []json.RawMessage
		}
		if err := json.Unmarshal(encoded, &read); err != nil {
			t.Fatalf("%s is no JSON: %v", encoded, err)
		}
		result := read.Results[0]
		if result.MeteringRecordId != valid(id) || result.Status != string(api.Success) {
			t.Errorf("%s: encoding/json reads id %q, status %q", encoded, result.MeteringRecordId, result.Status)
		}
		want := api.BatchMeterUsageRequest{UsageRecords: []api.UsageRecord{shaped(valid(name), valid(customer), quantity, milli, shape)}}
		for _, text := range []json.RawMessage{result.UsageRecord, read.UnprocessedRecords[0]} {
			checkEcho(t, `{"UsageRecords":[`+string(text)+`]}`, dialect, &want)
		}
	})
}

func checkEcho(t *testing.T, body string, d Dialect, want *api.BatchMeterUsageRequest) {
	t.Helper()
	got, failure := DecodeBatchMeterUsage(body, d)
	if failure != nil {
		t.Fatalf("%s: %v", body, failure)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-encoded +decoded):\n%s", body, diff)
	}
	decoder := json.NewDecoder(strings.NewReader(body))
	decoder.UseNumber()
	var document any
	if err := decoder.Decode(&document); err != nil {
		t.Fatal(err)
	}
	o := &oracle{dialect: d}
	if diff := cmp.Diff(want, o.batch(document)); diff != "" || o.refused {
		t.Errorf("%s (-encoded +encoding/json):\n%s", body, diff)
	}
}

// shaped returns a record whose members are there or not by the bits of shape.
func shaped(name, customer string, quantity, milli int64, shape uint8) (r api.UsageRecord) {
	if shape&1 != 0 {
		r.Timestamp = new(timeOf(milli))
	}
	if shape&2 != 0 {
		r.Dimension, r.LicenseArn = &name, &name
	}
	if shape&4 != 0 {
		r.CustomerIdentifier, r.CustomerAWSAccountId = &customer, &customer
	}
	if shape&8 != 0 {
		r.Quantity = &quantity
	}
	if shape&16 != 0 {
		r.UsageAllocations = []api.UsageAllocation{}
	}
	if shape&32 != 0 {
		r.UsageAllocations = []api.UsageAllocation{{AllocatedUsageQuantity: &quantity}, {Tags: []api.Tag{}}}
	}
	if shape&64 != 0 {
		r.UsageAllocations = append(r.UsageAllocations, api.UsageAllocation{Tags: []api.Tag{{Key: &name, Value: &customer}, {}}})
	}
	return r
}

// valid is s with U+FFFD in place of each byte that is not UTF-8.
func valid(s string) string { return string([]rune(s)) }
