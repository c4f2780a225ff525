package wire

import (
	"strings"
	"testing"

	"github.com/meterd/meterd/api"
)

// Messages that several rows of the tables share.
const (
	notJSON         = ""
	listFoundText   = "Start of list found where not expected"
	objectFoundText = "Start of structure or map found where not expected."
	wantNullText    = "Expected null"
	wantListText    = "Expected list or null"
)

// malformedBatches are bodies of a BatchMeterUsage that are refused before any
// rule sees them, with the message of the SerializationException.
var malformedBatches = []struct{ name, body, message string }{
	// Not a JSON object at all.
	{"empty", ``, notJSON},
	{"only blanks", " \t\r\n ", notJSON},
	{"null", `null`, notJSON},
	{"true", `true`, notJSON},
	{"string", `"x"`, notJSON},
	{"number", `5`, notJSON},
	{"word", `hello`, notJSON},
	{"HTML", `<html></html>`, notJSON},
	{"form", `Action=BatchMeterUsage&Version=2016-01-14`, notJSON},
	{"list", `[]`, listFoundText},
	{"list of objects", `[{"UsageRecords":[]}]`, listFoundText},
	{"list after blanks", "\n [1]", listFoundText},
	{"NUL byte", "\x00", notJSON},
	{"byte order mark", "\ufeff{}", notJSON},
	{"CBOR map", "\xbf\xff", notJSON},

	// Objects that are cut off or carry on.
	{"open brace", `{`, notJSON},
	{"open key", `{"UsageRecords`, notJSON},
	{"key without colon", `{"UsageRecords"}`, notJSON},
	{"key without value", `{"UsageRecords":}`, notJSON},
	{"key and end", `{"UsageRecords":`, notJSON},
	{"open list", `{"UsageRecords":[`, notJSON},
	{"open record", `{"UsageRecords":[{`, notJSON},
	{"closed by the wrong bracket", `{"UsageRecords":[}`, notJSON},
	{"brace closed by bracket", `{"ProductCode":"p"]`, notJSON},
	{"cut off before the last brace", `{"UsageRecords":[]`, notJSON},
	{"second object", `{"UsageRecords":[]}{}`, notJSON},
	{"second brace", `{"UsageRecords":[]}}`, notJSON},
	{"garbage behind", `{"UsageRecords":[]} x`, notJSON},
	{"NUL behind", "{\"UsageRecords\":[]}\x00", notJSON},
	{"trailing comma in object", `{"UsageRecords":[],}`, notJSON},
	{"trailing comma in list", `{"UsageRecords":[{},]}`, notJSON},
	{"comma alone in object", `{,}`, notJSON},
	{"comma alone in list", `{"UsageRecords":[,]}`, notJSON},
	{"two commas", `{"ProductCode":"p",,"UsageRecords":[]}`, notJSON},
	{"no comma in object", `{"ProductCode":"p" "UsageRecords":[]}`, notJSON},
	{"no comma in list", `{"UsageRecords":[{} {}]}`, notJSON},
	{"equals sign", `{"ProductCode"="p"}`, notJSON},
	{"bare key", `{ProductCode:"p"}`, notJSON},
	{"key in single quotes", `{'ProductCode':"p"}`, notJSON},
	{"value in single quotes", `{"ProductCode":'p'}`, notJSON},
	{"number as key", `{1:"p"}`, notJSON},
	{"null as key", `{null:"p"}`, notJSON},
	{"comment", `{/* no */"UsageRecords":[]}`, notJSON},

	// Tokens that are none.
	{"half a literal", `{"ProductCode":nul}`, notJSON},
	{"literal with a tail", `{"ProductCode":nullx}`, notJSON},
	{"literal in capitals", `{"ProductCode":NULL}`, notJSON},
	{"undefined", `{"ProductCode":undefined}`, notJSON},
	{"half of true for a string", `{"ProductCode":tru}`, notJSON},
	{"not a number", `{"UsageRecords":[{"Quantity":NaN}]}`, notJSON},
	{"infinity", `{"UsageRecords":[{"Quantity":Infinity}]}`, notJSON},
	{"negative infinity", `{"UsageRecords":[{"Quantity":-Infinity}]}`, notJSON},
	{"leading zero", `{"UsageRecords":[{"Quantity":07}]}`, notJSON},
	{"plus sign", `{"UsageRecords":[{"Quantity":+7}]}`, notJSON},
	{"minus alone", `{"UsageRecords":[{"Quantity":-}]}`, notJSON},
	{"point alone", `{"UsageRecords":[{"Quantity":.5}]}`, notJSON},
	{"point at the end", `{"UsageRecords":[{"Quantity":5.}]}`, notJSON},
	{"exponent without digits", `{"UsageRecords":[{"Quantity":5e}]}`, notJSON},
	{"exponent with a sign only", `{"UsageRecords":[{"Quantity":5e+}]}`, notJSON},
	{"exponent with a fraction", `{"UsageRecords":[{"Quantity":5e1.5}]}`, notJSON},
	{"hexadecimal", `{"UsageRecords":[{"Quantity":0x10}]}`, notJSON},
	{"digit group", `{"UsageRecords":[{"Quantity":1_000}]}`, notJSON},
	{"bad number for a string", `{"ProductCode":-}`, notJSON},
	{"bad timestamp number", `{"UsageRecords":[{"Timestamp":17.}]}`, notJSON},
	{"minus alone as timestamp", `{"UsageRecords":[{"Timestamp":-}]}`, notJSON},

	// Strings.
	{"open string", `{"ProductCode":"p`, notJSON},
	{"open escape", `{"ProductCode":"p\`, notJSON},
	{"open escape with quote", `{"ProductCode":"p\"}`, notJSON},
	{"unknown escape", `{"ProductCode":"\x41"}`, notJSON},
	{"escaped single quote", `{"ProductCode":"\'"}`, notJSON},
	{"short unicode escape", `{"ProductCode":"\u00e"}`, notJSON},
	{"unicode escape cut off", `{"ProductCode":"\u00`, notJSON},
	{"unicode escape with a sign", `{"ProductCode":"\u+0e9"}`, notJSON},
	{"bad second half of a pair", `{"ProductCode":"\ud83d\uzzzz"}`, notJSON},
	{"raw line end", "{\"ProductCode\":\"p\nq\"}", notJSON},
	{"raw tab", "{\"ProductCode\":\"p\tq\"}", notJSON},
	{"raw NUL after an escape", "{\"ProductCode\":\"\\n\x00\"}", notJSON},
	{"bad escape in a key", `{"Product\Code":"p"}`, notJSON},
	{"bad escape in an unknown member", `{"Foo":["\q"]}`, notJSON},
	{"bad UTF-8 in a value", "{\"ProductCode\":\"\xff\"}", notJSON},
	{"bad UTF-8 in a key", "{\"Foo\xc3\":1}", notJSON},
	{"bad UTF-8 in an unknown member", "{\"Foo\":{\"a\":\"\xed\xa0\x80\"}}", notJSON},
	{"overlong UTF-8", "{\"ProductCode\":\"\xc0\xaf\"}", notJSON},
	{"bad UTF-8 behind a wrong type", "{\"ProductCode\":5,\"Foo\":\"\xff\"}", notJSON},

	// Well-formed values of the wrong kind.
	{"number for a string", `{"ProductCode":5}`, "NUMBER_VALUE can not be converted to a String"},
	{"fraction for a string", `{"ProductCode":-5.5e3}`, "NUMBER_VALUE can not be converted to a String"},
	{"true for a string", `{"ProductCode":true}`, "TRUE_VALUE can not be converted to a String"},
	{"false for a string", `{"ProductCode":false}`, "FALSE_VALUE can not be converted to a String"},
	{"object for a string", `{"ProductCode":{}}`, objectFoundText},
	{"list for a string", `{"ProductCode":[]}`, listFoundText},
	{"string for an integer", `{"UsageRecords":[{"Quantity":"7"}]}`, "STRING_VALUE can not be converted to an Integer"},
	{"empty string for an integer", `{"UsageRecords":[{"Quantity":""}]}`, "STRING_VALUE can not be converted to an Integer"},
	{"true for an integer", `{"UsageRecords":[{"Quantity":true}]}`, "TRUE_VALUE can not be converted to an Integer"},
	{"false for an integer", `{"UsageRecords":[{"Quantity":false}]}`, "FALSE_VALUE can not be converted to an Integer"},
	{"object for an integer", `{"UsageRecords":[{"Quantity":{"n":7}}]}`, objectFoundText},
	{"list for an integer", `{"UsageRecords":[{"Quantity":[7]}]}`, listFoundText},
	{"string for a timestamp", `{"UsageRecords":[{"Timestamp":"2026-11-22T00:30:45Z"}]}`, "STRING_VALUE can not be converted to milliseconds since epoch"},
	{"digits in quotes for a timestamp", `{"UsageRecords":[{"Timestamp":"1795307445"}]}`, "STRING_VALUE can not be converted to milliseconds since epoch"},
	{"true for a timestamp", `{"UsageRecords":[{"Timestamp":true}]}`, "TRUE_VALUE can not be converted to milliseconds since epoch"},
	{"object for a timestamp", `{"UsageRecords":[{"Timestamp":{}}]}`, objectFoundText},
	{"list for a timestamp", `{"UsageRecords":[{"Timestamp":[1795307445]}]}`, listFoundText},
	{"string for a list", `{"UsageRecords":"x"}`, wantListText},
	{"number for a list", `{"UsageRecords":1}`, wantListText},
	{"true for a list", `{"UsageRecords":true}`, wantListText},
	{"object for a list", `{"UsageRecords":{}}`, objectFoundText},
	{"string for a record", `{"UsageRecords":["x"]}`, wantNullText},
	{"number for a record", `{"UsageRecords":[{},5]}`, wantNullText},
	{"false for a record", `{"UsageRecords":[false]}`, wantNullText},
	{"list for a record", `{"UsageRecords":[[]]}`, listFoundText},
	{"string for allocations", `{"UsageRecords":[{"UsageAllocations":"x"}]}`, wantListText},
	{"object for allocations", `{"UsageRecords":[{"UsageAllocations":{}}]}`, objectFoundText},
	{"number for an allocation", `{"UsageRecords":[{"UsageAllocations":[7]}]}`, wantNullText},
	{"string for an allocated quantity", `{"UsageRecords":[{"UsageAllocations":[{"AllocatedUsageQuantity":"7"}]}]}`, "STRING_VALUE can not be converted to an Integer"},
	{"number for tags", `{"UsageRecords":[{"UsageAllocations":[{"Tags":7}]}]}`, wantListText},
	{"map for tags", `{"UsageRecords":[{"UsageAllocations":[{"Tags":{"team":"red"}}]}]}`, objectFoundText},
	{"string for a tag", `{"UsageRecords":[{"UsageAllocations":[{"Tags":["team"]}]}]}`, wantNullText},
	{"number for a tag's key", `{"UsageRecords":[{"UsageAllocations":[{"Tags":[{"Key":7}]}]}]}`, "NUMBER_VALUE can not be converted to a String"},
	{"true for a tag's value", `{"UsageRecords":[{"UsageAllocations":[{"Tags":[{"Value":true}]}]}]}`, "TRUE_VALUE can not be converted to a String"},
	{"wrong type hidden by a later one", `{"ProductCode":5,"ProductCode":"p"}`, "NUMBER_VALUE can not be converted to a String"},
	{"wrong type before a syntax error", `{"ProductCode":5,`, "NUMBER_VALUE can not be converted to a String"},
	{"wrong type behind a syntax error", `{"Foo":01,"ProductCode":5}`, notJSON},
}

func TestMalformedBatches(t *testing.T) {
	if len(malformedBatches) < 80 {
		t.Errorf("only %d malformed bodies", len(malformedBatches))
	}
	for _, test := range malformedBatches {
		t.Run(test.name, func(t *testing.T) {
			got, err := DecodeBatchMeterUsage(test.body, AWSJSON)
			checkSerialization(t, got == nil, err, test.message)
			if strings.Contains(test.body, `"Timestamp":"`) {
				return // PlainJSON has times as texts.
			}
			got, err = DecodeBatchMeterUsage(test.body, PlainJSON)
			checkSerialization(t, got == nil, err, test.message)
		})
	}
}

func TestMalformedBodiesOfOtherOperations(t *testing.T) {
	tests := []struct {
		name    string
		op      api.Operation
		dialect Dialect
		body    string
		message string
	}{
		{"string for a boolean", api.MeterUsage, AWSJSON, `{"DryRun":"false"}`, "STRING_VALUE can not be converted to a Boolean"},
		{"number for a boolean", api.MeterUsage, AWSJSON, `{"DryRun":0}`, "NUMBER_VALUE can not be converted to a Boolean"},
		{"object for a boolean", api.MeterUsage, AWSJSON, `{"DryRun":{}}`, objectFoundText},
		{"list for a boolean", api.MeterUsage, AWSJSON, `{"DryRun":[true]}`, listFoundText},
		{"half a boolean", api.MeterUsage, AWSJSON, `{"DryRun":fals}`, notJSON},
		{"boolean with a tail", api.MeterUsage, AWSJSON, `{"DryRun":true1}`, notJSON},
		{"string for a usage quantity", api.MeterUsage, AWSJSON, `{"UsageQuantity":"3"}`, "STRING_VALUE can not be converted to an Integer"},
		{"string for a timestamp", api.MeterUsage, AWSJSON, `{"Timestamp":"2026-11-22T00:30:45Z"}`, "STRING_VALUE can not be converted to milliseconds since epoch"},
		{"number for a dimension", api.MeterUsage, AWSJSON, `{"UsageDimension":3}`, "NUMBER_VALUE can not be converted to a String"},
		{"number for a client token", api.MeterUsage, AWSJSON, `{"ClientToken":3}`, "NUMBER_VALUE can not be converted to a String"},
		{"number for allocations", api.MeterUsage, AWSJSON, `{"UsageAllocations":3}`, wantListText},
		{"number for a product code", api.MeterUsage, PlainJSON, `{"ProductCode":3}`, "NUMBER_VALUE can not be converted to a String"},
		{"true for a plain timestamp", api.MeterUsage, PlainJSON, `{"Timestamp":true}`, "TRUE_VALUE can not be converted to milliseconds since epoch"},
		{"open plain timestamp", api.MeterUsage, PlainJSON, `{"Timestamp":"2026-11-22T00:30:45Z`, notJSON},
		{"no time", api.MeterUsage, PlainJSON, `{"Timestamp":"yesterday"}`, unreadableTime("yesterday")},
		{"empty body", api.MeterUsage, PlainJSON, ``, notJSON},
		{"null", api.MeterUsage, PlainJSON, `null`, notJSON},
		{"list", api.MeterUsage, PlainJSON, `[]`, listFoundText},
		{"string for a key version", api.RegisterUsage, AWSJSON, `{"PublicKeyVersion":"1"}`, "STRING_VALUE can not be converted to an Integer"},
		{"true for a key version", api.RegisterUsage, AWSJSON, `{"PublicKeyVersion":true}`, "TRUE_VALUE can not be converted to an Integer"},
		{"number for a nonce", api.RegisterUsage, AWSJSON, `{"Nonce":1}`, "NUMBER_VALUE can not be converted to a String"},
		{"object for a product code", api.RegisterUsage, AWSJSON, `{"ProductCode":{}}`, objectFoundText},
		{"garbage behind", api.RegisterUsage, AWSJSON, `{}x`, notJSON},
		{"number for a token", api.ResolveCustomer, AWSJSON, `{"RegistrationToken":1}`, "NUMBER_VALUE can not be converted to a String"},
		{"list for a token", api.ResolveCustomer, AWSJSON, `{"RegistrationToken":["t"]}`, listFoundText},
		{"open token", api.ResolveCustomer, AWSJSON, `{"RegistrationToken":"tok`, notJSON},
		{"trailing comma", api.ResolveCustomer, AWSJSON, `{"RegistrationToken":"tok",}`, notJSON},
		{"empty", api.ResolveCustomer, AWSJSON, ``, notJSON},
	}
	for _, test := range tests {
		t.Run(string(test.op)+" "+test.name, func(t *testing.T) {
			_, err := decodeAny(test.op, test.body, test.dialect)
			checkSerialization(t, true, err, test.message)
		})
	}
}

// TestEveryCutIsRefused cuts a valid body at every byte.
func TestEveryCutIsRefused(t *testing.T) {
	const body = `{"ProductCode":"prod-\u00fc","UsageRecords":[{"Timestamp":1795307445.5e0,"Quantity":-7,"Foo":[null,true,{"a":false}],"UsageAllocations":[{"Tags":[{"Key":"k","Value":"v"}]}]}]}`
	if _, err := DecodeBatchMeterUsage(body, AWSJSON); err != nil {
		t.Fatalf("whole body: %v", err)
	}
	for i := range len(body) {
		got, err := DecodeBatchMeterUsage(body[:i], AWSJSON)
		checkSerialization(t, got == nil, err, notJSON)
	}
}

func checkSerialization(t *testing.T, nothing bool, err *api.Error, message string) {
	t.Helper()
	if !nothing {
		t.Error("a refused body gave a request as well")
	}
	want := api.Error{Name: api.SerializationException, Message: message, Status: 400}
	if err == nil || *err != want {
		t.Errorf("got error %+v\nwant %+v", err, &want)
	}
}
