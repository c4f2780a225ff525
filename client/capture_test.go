package client

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestExplainCapture(t *testing.T) {
	refusal := `{"__type":"com.amazon.coral#ThrottlingException","message":"Rate exceeded"}`
	for name, test := range map[string]struct {
		text string
		want []string
	}{
		"curl -i":             {"HTTP/1.1 400 Bad Request\r\nContent-Type: application/x-amz-json-1.1\r\n\r\n" + refusal, []string{"ThrottlingException"}},
		"with \\n":            {"HTTP/1.1 400 Bad Request\nx-amzn-RequestId: r\n\n" + refusal + "\n", []string{"ThrottlingException"}},
		"HTTP/2":              {"HTTP/2 400\r\nx-amzn-errortype: InvalidTagException\r\n\r\n{}", []string{"InvalidTagException"}},
		"after an interim":    {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 400 Bad Request\r\nA: b\r\n\r\n" + refusal, []string{"ThrottlingException"}},
		"a head alone":        {"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0", []string{"ServiceUnavailableException"}},
		"a head of no header": {"HTTP/1.1 429 Too Many Requests", []string{"ThrottlingException"}},
		"a proxy's page":      {"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\n\r\n<html>", []string{explainUnreadable}},
		"curl -v": {"*   Trying 127.0.0.1:8421...\n> POST / HTTP/1.1\n> Host: a\n>\n* upload done\n< HTTP/1.1 400 Bad Request\n< Content-Type: application/json\n<\n{ [71 bytes data]\n" + refusal + "\n* Connection left intact\n",
			[]string{"ThrottlingException"}},
		"a body":             {refusal, []string{"ThrottlingException"}},
		"an unknown name":    {`{"__type":"NewException"}`, []string{"NewException"}},
		"verdicts":           {`{"Results":[{"Status":"DuplicateRecord"},{"Status":"Success"}],"UnprocessedRecords":[{}]}`, []string{"DuplicateRecord", "Success", explainUnprocessed}},
		"a receipt":          {`{"MeteringRecordId":"m-1"}`, []string{explainSuccess}},
		"XML":                {"<UnknownOperationException/>", []string{"UnknownOperationException"}},
		"aws-cli":            {"An error occurred (InvalidTagException) when calling the BatchMeterUsage operation: The tag is invalid", []string{"InvalidTagException"}},
		"expired keys":       {"ExpiredTokenException: The security token included in the request is expired", []string{explainExpired}},
		"a log":              {"x DuplicateRecord\ny ThrottlingException\nz DuplicateRecord MyOwnException", []string{"DuplicateRecord", "ThrottlingException"}},
		"a CloudTrail event": {`{"Records":[{"eventName":"BatchMeterUsage","errorCode":"DisabledApiException"}]}`, []string{"DisabledApiException"}},
		"nothing":            {"Success is near", nil},
		"empty":              {"", nil},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, e := range ExplainCapture([]byte(test.text)) {
				got = append(got, e.Name)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestExplanationsAreACopy(t *testing.T) {
	all := Explanations()
	all[0].Name = "changed"
	if len(all) != len(table) || slices.ContainsFunc(table, func(e Explanation) bool { return e.Name == "changed" }) {
		t.Error("the table can be changed from outside")
	}
}
