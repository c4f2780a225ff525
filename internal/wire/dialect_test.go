package wire

import (
	"net/http"
	"testing"
)

func TestDialectOf(t *testing.T) {
	const target, refused = "AWSMPMeteringService.MeterUsage", Dialect(-1)
	tests := []struct {
		name            string
		contentType     string
		target          string
		lenient, strict Dialect
	}{
		{"SDK", "application/x-amz-json-1.1", target, AWSJSON, AWSJSON},
		{"SDK without target", "application/x-amz-json-1.1", "", AWSJSON, AWSJSON},
		{"other case", "Application/X-AMZ-JSON-1.1", "", AWSJSON, AWSJSON},
		{"charset", "application/x-amz-json-1.1; charset=utf-8", "", AWSJSON, AWSJSON},
		{"blanks", " application/x-amz-json-1.1 ;charset=utf-8", "", AWSJSON, AWSJSON},
		{"plain", "application/json", "", PlainJSON, PlainJSON},
		{"plain with target", "application/json", target, PlainJSON, PlainJSON},
		{"plain with charset", "application/json;charset=UTF-8", "", PlainJSON, PlainJSON},
		{"JSON 1.0", "application/x-amz-json-1.0", target, refused, refused},
		{"JSON 1.0 in capitals", "APPLICATION/X-AMZ-JSON-1.0", target, refused, refused},
		{"JSON 1.2", "application/x-amz-json-1.2", "", refused, refused},
		{"missing", "", "", refused, refused},
		{"missing with target", "", target, PlainJSON, refused},
		{"missing with bare target", "", "MeterUsage", PlainJSON, refused},
		{"missing with unknown target", "", "AWSMPMeteringService.Foo", refused, refused},
		{"curl -d", "application/x-www-form-urlencoded", target, PlainJSON, refused},
		{"curl -d without target", "application/x-www-form-urlencoded", "", refused, refused},
		{"text with target", "text/plain", target, PlainJSON, refused},
		{"CBOR without target", "application/cbor", "", refused, refused},
		{"prefix of the type", "application/x-amz-json-1.11", "", refused, refused},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			header := http.Header{}
			if test.contentType != "" {
				header.Set("Content-Type", test.contentType)
			}
			if test.target != "" {
				header.Set(TargetHeader, test.target)
			}
			for strict, want := range map[bool]Dialect{false: test.lenient, true: test.strict} {
				got, refusal := DialectOf(header, strict)
				if (refusal != nil) != (want == refused) || refusal == nil && got != want {
					t.Errorf("strict %v: got %s, refusal %v", strict, got, refusal)
				}
				if refusal != nil && (refusal.Status != 404 || refusal.ContentType != "" || string(refusal.Body) != "<UnknownOperationException/>\n") {
					t.Errorf("strict %v: refusal is %d %q %q", strict, refusal.Status, refusal.ContentType, refusal.Body)
				}
			}
		})
	}
}

func TestContentTypeOfAnswers(t *testing.T) {
	for dialect, want := range map[Dialect]string{AWSJSON: "application/x-amz-json-1.1", PlainJSON: "application/json"} {
		if got := dialect.ContentType(); got != want {
			t.Errorf("%s answers with %q, want %q", dialect, got, want)
		}
	}
}
