package intake

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/meterd/meterd/internal/metering"
)

// asTold compares events without what the decoder notes for itself.
var asTold = cmpopts.IgnoreUnexported(Event{})

func TestDecode(t *testing.T) {
	at := time.Date(2026, 11, 22, 0, 54, 0, 0, time.UTC)
	one := Event{ID: "e1", Customer: "c", Dimension: "users", Quantity: 5}
	for name, test := range map[string]struct {
		body string
		want []Event
	}{
		"one":            {`{"id":"e1","customer":"c","dimension":"users","quantity":5}`, []Event{one}},
		"blanks":         {"\n{ \"id\" : \"e1\" ,\t\"customer\":\"c\",\r\n\"dimension\":\"users\",\"quantity\": 5 } ", []Event{one}},
		"a list":         {`[{"id":"e1","customer":"c","dimension":"users","quantity":5},{"id":"e2","dimension":"d","quantity":0}]`, []Event{one, {ID: "e2", Dimension: "d"}}},
		"an empty list":  {`[]`, nil},
		"the last holds": {`{"id":"e0","id":"e1","customer":"c","dimension":"users","quantity":1,"quantity":5}`, []Event{one}},
		"null is none":   {`{"id":"e1","customer":"c","dimension":"users","quantity":5,"product":null,"time":null,"tags":null}`, []Event{one}},
		"all members": {
			`{"id":"e","product":"p","customerIdentifier":"i","customerAwsAccountId":"a","licenseArn":"l","dimension":"d","quantity":-7,"time":"2026-11-22T00:54:00Z","tags":{"team":"red","k":""}}`,
			[]Event{{ID: "e", Product: "p", Identifier: "i", Account: "a", License: "l", Dimension: "d", Quantity: -7, Time: at, Tags: []metering.Tag{{Key: "team", Value: "red"}, {Key: "k"}}}},
		},
		"escapes": {`{"id":"a\"\\\u00e9\n","customer":"c","dimension":"users","quantity":5}`, []Event{{ID: "a\"\\é\n", Customer: "c", Dimension: "users", Quantity: 5}}},
		"limits":  {`[{"dimension":"d","quantity":9223372036854775807},{"dimension":"d","quantity":-9223372036854775808}]`, []Event{{Dimension: "d", Quantity: math.MaxInt64}, {Dimension: "d", Quantity: math.MinInt64}}},
	} {
		got, err := Decode(nil, test.body)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(test.want, got, asTold); diff != "" {
			t.Errorf("%s (-want +got): %s", name, diff)
		}
	}
}

func TestProblems(t *testing.T) {
	for body, want := range map[string]string{
		`5`:                                 "an event is a JSON object, not 5",
		`[null]`:                            "an event is a JSON object, not null",
		`{}`:                                "member quantity is missing",
		`{"quantity":1}`:                    "member dimension is missing",
		`{"quantity":"1","dimension":"d"}`:  `member quantity is a whole number, not "1"`,
		`{"quantity":null,"dimension":"d"}`: "member quantity is a whole number, not null",
		`{"quantity":1.5,"dimension":"d"}`:  "quantity 1.5 is not a whole number",
		`{"quantity":1e3,"dimension":"d"}`:  "quantity 1e3 is not a whole number",
		`{"quantity":9223372036854775808}`:  "quantity 9223372036854775808 is not a whole number that a sum can hold",
		`{"id":1}`:                          "member id is a text, not 1",
		`{"quantty":1}`:                     `there is no member "quantty"; an event's are id, product`,
		`{"time":"noon"}`:                   `time "noon" is not one such as`,
		`{"time":5}`:                        "member time is a text, not 5",
		`{"tags":["a"]}`:                    `member tags is an object such as {"team": "red"}, not ["a"]`,
		`{"tags":{"a":1}}`:                  "member tags.a is a text, not 1",
		`{"customer":"c","customerIdentifier":"i","quantity":1,"dimension":"d"}`: "member customer goes alone",
		`{"` + strings.Repeat("x", 100) + `":1}`:                                 `there is no member "` + strings.Repeat("x", shownBytesMax) + `"…`,
	} {
		got, err := Decode(nil, body)
		if err != nil || len(got) != 1 || !strings.HasPrefix(got[0].Problem, want) {
			t.Errorf("%s: %+v, %v; want %s", body, got, err, want)
		}
	}
}

// TestMalformed refuses whole bodies: who cannot write JSON may have meant
// anything.
func TestMalformed(t *testing.T) {
	for _, body := range []string{
		``, ` `, `{`, `[`, `{]`, `[}`, `{"id"}`, `{"id":}`, `{"id" "x"}`, `{id:1}`, `{"id":"x",}`, `[{},]`, `[{} {}]`,
		`{} {}`, `{}x`, `{"quantity":01}`, `{"quantity":-}`, `{"quantity":1.}`, `{"quantity":+1}`, `{"x":tru}`, `{"x":nul}`,
		"{\"id\":\"a\nb\"}", `{"id":"\x"}`, `{"id":"\u12"}`, `{"id":"open}`, "{\"id\":\"\xff\"}", "\x00", "{\"x\":1}\x00",
		strings.Repeat("[", nestingMax+1) + strings.Repeat("]", nestingMax+1),
		`{"x":` + strings.Repeat("[", nestingMax) + strings.Repeat("]", nestingMax) + `}`,
	} {
		got, err := Decode(nil, body)
		if _, ok := errors.AsType[*MalformedError](err); !ok {
			t.Errorf("%q is taken for %+v, %v", body, got, err)
		}
	}
}

func TestDecodeCloudEvents(t *testing.T) {
	at := time.Date(2026, 11, 22, 0, 54, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		body string
		want []Event
	}{
		"data says all": {
			`{"specversion":"1.0","id":"1","source":"/app","type":"usage","data":{"id":"e1","customer":"c","dimension":"users","quantity":5}}`,
			[]Event{{ID: "e1", Customer: "c", Dimension: "users", Quantity: 5}},
		},
		"the envelope fills in": {
			`{"data":{"quantity":5},"datacontenttype":"application/json","time":"2026-11-22T00:54:00Z","subject":"c","type":"users","source":"/app","id":"1","specversion":"1.0","traceparent":"00-1"}`,
			[]Event{{ID: "/app/1", Customer: "c", Dimension: "users", Quantity: 5, Time: at}},
		},
		"data's account holds over the subject": {
			`{"specversion":"1.0","id":"1","source":"/app","type":"users","subject":"x","data":{"customerAwsAccountId":"222233334444","quantity":1}}`,
			[]Event{{ID: "/app/1", Account: "222233334444", Dimension: "users", Quantity: 1}},
		},
		"a batch": {
			`[{"specversion":"1.0","id":"1","source":"s","type":"d","data":{"quantity":1}},{"specversion":"1.0","id":"2","source":"s","type":"d","data":{"quantity":2}}]`,
			[]Event{{ID: "s/1", Dimension: "d", Quantity: 1}, {ID: "s/2", Dimension: "d", Quantity: 2}},
		},
	} {
		got, err := DecodeCloudEvents(nil, test.body)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(test.want, got, asTold); diff != "" {
			t.Errorf("%s (-want +got): %s", name, diff)
		}
	}
}

func TestCloudEventProblems(t *testing.T) {
	for body, want := range map[string]string{
		`1`: "a CloudEvent is a JSON object, not 1",
		`{"id":"1","source":"s","type":"d","data":{"quantity":1}}`:                                  `specversion is ""`,
		`{"specversion":"0.3","id":"1","source":"s","type":"d","data":{"quantity":1}}`:              `specversion is "0.3"`,
		`{"specversion":"1.0","source":"s","type":"d","data":{"quantity":1}}`:                       "a CloudEvent has id, source and type",
		`{"specversion":"1.0","id":"1","source":"s","type":"d"}`:                                    "member data is missing",
		`{"specversion":"1.0","id":"1","source":"s","type":"d","data":[1]}`:                         "an event is a JSON object, not [1]",
		`{"specversion":"1.0","id":"1","source":"s","type":"d","data_base64":"e30="}`:               "member data_base64 is not read",
		`{"specversion":"1.0","id":"1","source":"s","type":"d","data":{"quantity":1},"time":"now"}`: `time "now" is not one`,
		`{"specversion":"1.0","id":"1","source":"s","type":"d","data":{}}`:                          "member quantity is missing",
	} {
		got, err := DecodeCloudEvents(nil, body)
		if err != nil || len(got) != 1 || !strings.HasPrefix(got[0].Problem, want) {
			t.Errorf("%s: %+v, %v; want %s", body, got, err, want)
		}
	}
}

// FuzzDecode compares with the standard library: what it refuses is refused, and
// what it takes is taken, but for depth.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"id":"e1","customer":"c","dimension":"users","quantity":5,"tags":{"a":"b"},"time":"2026-11-22T00:54:00Z"}`,
		`[{"x":[1,-2.5e+7,true,null,"\u00e9"]},{}]`, `[`, `{"id":1}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		for name, decode := range map[string]func([]Event, string) ([]Event, error){"own": Decode, "cloud": DecodeCloudEvents} {
			told, err := decode(nil, body)
			if valid := validUTF8JSON(body); valid != (err == nil) && !deep(body) {
				t.Errorf("%q: error %v, but the standard library says %t", body, err, valid)
			}
			if err == nil && name == "own" {
				sameAsStandard(t, body, told)
			}
		}
	})
}

func validUTF8JSON(body string) bool {
	return strings.ToValidUTF8(body, "") == body && json.Valid([]byte(body))
}

// deep reports whether a body may be nested too deeply.
func deep(body string) bool {
	return strings.Count(body, "[")+strings.Count(body, "{") > nestingMax
}

// sameAsStandard compares an event without problems with the library's reading.
func sameAsStandard(t *testing.T, body string, told []Event) {
	var one struct {
		Quantity *json.Number `json:"quantity"`
	}
	if len(told) != 1 || told[0].Problem != "" || json.Unmarshal([]byte(body), &one) != nil || one.Quantity == nil {
		return
	}
	if n, err := one.Quantity.Int64(); err != nil || n != told[0].Quantity {
		t.Errorf("%q: quantity %d, the standard library has %v", body, told[0].Quantity, one.Quantity)
	}
}
