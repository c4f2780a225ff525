package server

import (
	"strings"
	"testing"
)

// broken is the answer to a body that is no document. Like the framework's, it
// does not say where.
var broken = refused("SerializationException", "")

func mixedUp(text string) want { return refused("SerializationException", text) }

// TestMalformedDocuments is about bodies that are not JSON, or not quite.
func TestMalformedDocuments(t *testing.T) {
	resolve := func(body string) string { return call{op: "ResolveCustomer", body: body}.raw(t) }
	nested := func(depth int) string {
		return resolve(`{"x":` + strings.Repeat("[", depth) + strings.Repeat("]", depth) + `,` + resolveBody[1:])
	}
	checkMalformed(t, listen(t, open(t, wideMarket())), []malformed{
		{"nothing", resolve(""), broken},
		{"blanks", resolve(" \r\n\t "), broken},
		{"open brace", resolve("{"), broken},
		{"null", resolve("null"), broken},
		{"text", resolve(`"x"`), broken},
		{"number", resolve("1"), broken},
		{"list", resolve("[]"), mixedUp("Start of list found where not expected")},
		{"trailing comma", resolve(`{"RegistrationToken":"x",}`), broken},
		{"two documents", resolve(resolveBody + resolveBody), broken},
		{"more behind it", resolve(resolveBody + "x"), broken},
		{"no quotes", resolve(`{RegistrationToken:"x"}`), broken},
		{"single quotes", resolve(`{'RegistrationToken':'x'}`), broken},
		{"comment", resolve(`{/**/}`), broken},
		{"no colon", resolve(`{"RegistrationToken" "x"}`), broken},
		{"byte order mark", resolve("\ufeff" + resolveBody), broken},
		{"UTF-16", resolve("{\x00\"\x00"), broken},
		{"NUL behind it", resolve(resolveBody + "\x00"), broken},
		{"NUL in a text", resolve("{\"RegistrationToken\":\"a\x00b\"}"), broken},
		{"line feed in a text", resolve("{\"RegistrationToken\":\"a\nb\"}"), broken},
		{"invalid UTF-8", resolve("{\"RegistrationToken\":\"\xff\"}"), broken},
		{"overlong UTF-8", resolve("{\"RegistrationToken\":\"\xc0\xaf\"}"), broken},
		{"invalid UTF-8 where nobody looks", resolve("{\"x\":\"\xff\"," + resolveBody[1:]), broken},
		{"unknown escape", resolve(`{"RegistrationToken":"\x41"}`), broken},
		{"short escape", resolve(`{"RegistrationToken":"\u12"}`), broken},
		{"half a character", resolve(`{"RegistrationToken":"\ud800"}`), refused("InvalidTokenException", "Registration token is invalid")},
		{"text without end", resolve(`{"RegistrationToken":"x`), broken},
		{"nested to the limit", nested(999), good},
		{"nested too deep", nested(1000), broken},
		{"nested far too deep", nested(100_000), broken},
		{"objects nested too deep", resolve(strings.Repeat(`{"a":`, 100_000)), broken},
		{"unknown members", resolve(`{"x":[{"y":[1.5e-3,true,null,"z"]}],` + resolveBody[1:]), good},
		{"a key twice", resolve(`{"RegistrationToken":"x",` + resolveBody[1:]), good},
		{"a key twice, the other way round", resolve(strings.TrimSuffix(resolveBody, "}") + `,"RegistrationToken":"x"}`), refused("InvalidTokenException", "Registration token is invalid")},
		{"a key in another case", resolve(`{"registrationToken":"x"}`), refused("ValidationException", "1 validation error detected: Value null at 'registrationToken' failed to satisfy constraint: Member must not be null")},
		{"gzip", resolve("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"), broken},
	})
}

// TestMisplacedValues is about documents with a value of the wrong kind.
func TestMisplacedValues(t *testing.T) {
	resolve := func(body string) string { return call{op: "ResolveCustomer", body: body}.raw(t) }
	record := func(member string) string {
		return call{op: "BatchMeterUsage", body: `{"ProductCode":"prod-abc123","UsageRecords":[{` + member + `}]}`}.raw(t)
	}
	checkMalformed(t, listen(t, open(t, wideMarket())), []malformed{
		{"number for a text", resolve(`{"RegistrationToken":1}`), mixedUp("NUMBER_VALUE can not be converted to a String")},
		{"true for a text", resolve(`{"RegistrationToken":true}`), mixedUp("TRUE_VALUE can not be converted to a String")},
		{"false for a text", resolve(`{"RegistrationToken":false}`), mixedUp("FALSE_VALUE can not be converted to a String")},
		{"object for a text", resolve(`{"RegistrationToken":{}}`), mixedUp("Start of structure or map found where not expected.")},
		{"list for a text", resolve(`{"RegistrationToken":["x"]}`), mixedUp("Start of list found where not expected")},
		{"text for an integer", record(`"Quantity":"7"`), mixedUp("STRING_VALUE can not be converted to an Integer")},
		{"true for an integer", record(`"Quantity":true`), mixedUp("TRUE_VALUE can not be converted to an Integer")},
		{"text for a time", record(`"Timestamp":"2026-11-22T00:30:45Z"`), mixedUp("STRING_VALUE can not be converted to milliseconds since epoch")},
		{"text for a list", record(`"UsageAllocations":"x"`), mixedUp("Expected list or null")},
		{"text for an allocation", record(`"UsageAllocations":["x"]`), mixedUp("Expected null")},
		{"list for an allocation", record(`"UsageAllocations":[[]]`), mixedUp("Start of list found where not expected")},
		{"object for a list", record(`"UsageAllocations":{}`), mixedUp("Start of structure or map found where not expected.")},
		{"text for a boolean", call{op: "MeterUsage", body: `{"DryRun":"false"}`}.raw(t), mixedUp("STRING_VALUE can not be converted to a Boolean")},
		{"number for a boolean", call{op: "MeterUsage", body: `{"DryRun":0}`}.raw(t), mixedUp("NUMBER_VALUE can not be converted to a Boolean")},
	})
}

// TestMalformedTimes is about times as texts, which only PlainJSON has.
func TestMalformedTimes(t *testing.T) {
	at := func(timestamp string) string { return plainCall("MeterUsage", `{"Timestamp":`+timestamp+`}`) }
	unreadable := func(shown string) want {
		return mixedUp("'" + shown + "' can not be converted to a timestamp; expected ISO 8601 with an offset, as in 2025-01-15T10:30:45Z, or seconds since the epoch").in(plainJSON)
	}
	checkMalformed(t, listen(t, open(t, wideMarket())), []malformed{
		{"without offset", at(`"2026-11-22T00:30:45"`), unreadable("2026-11-22T00:30:45")},
		{"a day that is not", at(`"2026-02-30T00:30:45Z"`), unreadable("2026-02-30T00:30:45Z")},
		{"seconds as a text", at(`"1795307445"`), unreadable("1795307445")},
		{"a long text", at(`"` + strings.Repeat("x", 1000) + `"`), unreadable(strings.Repeat("x", 64) + "…")},
		{"true", at(`true`), mixedUp("TRUE_VALUE can not be converted to milliseconds since epoch").in(plainJSON)},
		{"nothing", at(``), broken.in(plainJSON)},
	})
}

// TestMalformedNumbers is about numbers that no machine holds. They are cut to
// what one does, for the model and the rules to refuse.
func TestMalformedNumbers(t *testing.T) {
	record := func(timestamp, quantity string) string {
		return call{op: "BatchMeterUsage", body: `{"ProductCode":"prod-abc123","UsageRecords":[{"CustomerIdentifier":"cust-1","Dimension":"users","Timestamp":` + timestamp + `,"Quantity":` + quantity + `}]}`}.raw(t)
	}
	tooMuch := refused("ValidationException", "1 validation error detected: Value '9223372036854775807' at 'usageRecords.1.member.quantity' failed to satisfy constraint: Member must have value less than or equal to 2147483647")
	const outOfBounds = "The timestamp value passed in the UsageRecord is out of allowed range. For BatchMeterUsage, if any of the records are outside of the allowed range, the entire batch is not processed. You must remove invalid records and try again. "
	checkMalformed(t, listen(t, open(t, wideMarket())), []malformed{
		{"NaN", record(usageTime, "NaN"), broken},
		{"hexadecimal", record(usageTime, "0x10"), broken},
		{"leading zero", record(usageTime, "01"), broken},
		{"leading plus", record(usageTime, "+1"), broken},
		{"no digits behind the point", record(usageTime, "1."), broken},
		{"no digits in the exponent", record(usageTime, "1e"), broken},
		{"a quantity of 1e400", record(usageTime, "1e400"), tooMuch},
		{"a quantity of 20 digits", record(usageTime, "99999999999999999999"), tooMuch},
		{"a quantity of 100,000 digits", record(usageTime, strings.Repeat("9", 100_000)), tooMuch},
		{"a quantity with a long exponent", record(usageTime, "1e"+strings.Repeat("9", 1000)), tooMuch},
		{"a quantity just past 32 bits", record(usageTime, "2147483648"), refused("ValidationException", "1 validation error detected: Value '2147483648' at 'usageRecords.1.member.quantity' failed to satisfy constraint: Member must have value less than or equal to 2147483647")},
		{"a quantity below 0", record(usageTime, "-1"), refused("ValidationException", "1 validation error detected: Value '-1' at 'usageRecords.1.member.quantity' failed to satisfy constraint: Member must have value greater than or equal to 0")},
		{"a quantity far below 0", record(usageTime, "-1e400"), refused("ValidationException", "1 validation error detected: Value '-9223372036854775808' at 'usageRecords.1.member.quantity' failed to satisfy constraint: Member must have value greater than or equal to 0")},
		{"a time of 1e400", record("1e400", "1"), refused("TimestampOutOfBoundsException", outOfBounds+"Timestamp 9999-12-31T23:59:59.999Z lies more than a year ahead of the service's clock (2026-11-22T00:55:00Z); at most 5m is allowed. Check this machine's clock and time zone.")},
		{"a time of -1e400", record("-1e400", "1"), refused("TimestampOutOfBoundsException", outOfBounds+"Timestamp 0001-01-01T00:00:00Z belongs to a month that closed at 2026-11-01T06:00:00Z; it is 2026-11-22T00:55:00Z now. Its usage cannot be billed any more.")},
		{"a time in milliseconds", record(usageTime+"000", "1"), refused("TimestampOutOfBoundsException", outOfBounds+"Timestamp 9999-12-31T23:59:59.999Z lies more than a year ahead of the service's clock (2026-11-22T00:55:00Z); at most 5m is allowed. Check this machine's clock and time zone.")},
	})
}

// TestMalformedMembers is about what the model forbids, in the framework's words.
func TestMalformedMembers(t *testing.T) {
	invalid := func(texts ...string) want {
		count := "1 validation error detected: "
		if len(texts) > 1 {
			count = map[int]string{2: "2", 3: "3"}[len(texts)] + " validation errors detected: "
		}
		return refused("ValidationException", count+strings.Join(texts, "; "))
	}
	fails := func(value, path, constraint string) string {
		return "Value " + value + " at '" + path + "' failed to satisfy constraint: Member must " + constraint
	}
	long := func(n int) string { return strings.Repeat("x", n) }
	ask := func(op, body string) string { return call{op: op, body: body}.raw(t) }
	record := func(member string) string {
		return ask("BatchMeterUsage", `{"UsageRecords":[{"Timestamp":`+usageTime+`,"Dimension":"users"},{"Timestamp":`+usageTime+`,"Dimension":"users",`+member+`}]}`)
	}
	const second = "usageRecords.2.member."
	checkMalformed(t, listen(t, open(t, wideMarket())), []malformed{
		{"no records", ask("BatchMeterUsage", `{}`), invalid(fails("null", "usageRecords", "not be null"))},
		{"null records", ask("BatchMeterUsage", `{"UsageRecords":null}`), invalid(fails("null", "usageRecords", "not be null"))},
		{"an empty record", ask("BatchMeterUsage", `{"UsageRecords":[{}]}`), invalid(fails("null", "usageRecords.1.member.timestamp", "not be null"), fails("null", "usageRecords.1.member.dimension", "not be null"))},
		{"26 records", ask("BatchMeterUsage", `{"UsageRecords":[`+strings.Repeat(`{"Timestamp":1,"Dimension":"x"},`, 25)+`{"Timestamp":1,"Dimension":"x"}]}`), invalid(fails("'[26 records]'", "usageRecords", "have length less than or equal to 25"))},
		{"a product code with a blank", ask("BatchMeterUsage", `{"UsageRecords":[],"ProductCode":"a b"}`), invalid(fails("'a b'", "productCode", "satisfy regular expression pattern: ^[-a-zA-Z0-9/=:_.@]*$"))},
		{"a long product code", ask("BatchMeterUsage", `{"UsageRecords":[],"ProductCode":"`+long(256)+`"}`), invalid(fails("'"+long(256)+"'", "productCode", "have length less than or equal to 255"))},
		{"an empty dimension", record(`"Dimension":""`), invalid(fails("''", second+"dimension", "have length greater than or equal to 1"))},
		{"a long customer", record(`"CustomerIdentifier":"` + long(256) + `"`), invalid(fails("'"+long(256)+"'", second+"customerIdentifier", "have length less than or equal to 255"))},
		{"an account with letters", record(`"CustomerAWSAccountId":"12x"`), invalid(fails("'12x'", second+"customerAWSAccountId", "satisfy regular expression pattern: ^[0-9]+$"))},
		{"a licence that is no ARN", record(`"LicenseArn":"l-0001"`), invalid(fails("'l-0001'", second+"licenseArn", `satisfy regular expression pattern: ^arn:aws[a-zA-Z-]*:[A-Za-z0-9][A-Za-z0-9_/.-]{0,62}:[A-Za-z0-9_/.-]{0,63}:[A-Za-z0-9_/.-]{0,63}:[A-Za-z0-9][A-Za-z0-9:_/+=,@.-]{0,1023}$`))},
		{"an allocation without quantity", record(`"UsageAllocations":[{}]`), invalid(fails("null", second+"usageAllocations.1.member.allocatedUsageQuantity", "not be null"))},
		{"a tag without key and value", record(`"UsageAllocations":[{"AllocatedUsageQuantity":1,"Tags":[{}]}]`), invalid(fails("null", second+"usageAllocations.1.member.tags.1.member.key", "not be null"), fails("null", second+"usageAllocations.1.member.tags.1.member.value", "not be null"))},
		{"nothing metered", ask("MeterUsage", `{}`), invalid(fails("null", "productCode", "not be null"), fails("null", "timestamp", "not be null"), fails("null", "usageDimension", "not be null"))},
		{"an empty client token", ask("MeterUsage", `{"ProductCode":"p","Timestamp":1,"UsageDimension":"d","ClientToken":""}`), invalid(fails("''", "clientToken", "have length greater than or equal to 1"))},
		{"a long client token", ask("MeterUsage", `{"ProductCode":"p","Timestamp":1,"UsageDimension":"d","ClientToken":"`+long(65)+`"}`), invalid(fails("'"+long(65)+"'", "clientToken", "have length less than or equal to 64"))},
		{"key version 0", ask("RegisterUsage", `{"ProductCode":"p","PublicKeyVersion":0}`), invalid(fails("'0'", "publicKeyVersion", "have value greater than or equal to 1"))},
		{"no key version", ask("RegisterUsage", `{"ProductCode":"p","PublicKeyVersion":null}`), invalid(fails("null", "publicKeyVersion", "not be null"))},
		{"a long nonce", ask("RegisterUsage", `{"ProductCode":"p","PublicKeyVersion":1,"Nonce":"`+long(256)+`"}`), invalid(fails("'"+long(256)+"'", "nonce", "have length less than or equal to 255"))},
		{"no registration token", ask("ResolveCustomer", `{}`), invalid(fails("null", "registrationToken", "not be null"))},
		{"an empty registration token", ask("ResolveCustomer", `{"RegistrationToken":""}`), invalid(fails("''", "registrationToken", `satisfy regular expression pattern: [\s\S]+`))},
	})
}
