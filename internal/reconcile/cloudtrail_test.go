package reconcile

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// trail has one event of each kind, in the form of AWS's samples.
const trail = `{"Records":[
{"eventVersion":"1.05","eventTime":"2018-04-19T16:32:51Z","eventSource":"metering-marketplace.amazonaws.com","eventName":"BatchMeterUsage","awsRegion":"us-east-1",
 "requestParameters":{"usageRecords":[{"dimension":"d","timestamp":"Apr 19, 2018 4:32:50 PM","customerIdentifier":"a","quantity":1}],"productCode":"saas"},
 "responseElements":{"results":[
   {"usageRecord":{"dimension":"d","timestamp":"Apr 19, 2018 4:32:50 PM","customerIdentifier":"a","quantity":1},"meteringRecordId":"m-1","status":"Success"},
   {"usageRecord":{"dimension":"d","timestamp":"Apr 19, 2018 4:32:50\u202fPM","customerAWSAccountId":"2222","licenseArn":"l-1"},"status":"CustomerNotSubscribed"}],
  "unprocessedRecords":[{"dimension":"d","timestamp":"Apr 19, 2018 4:32:50 PM","customerIdentifier":"b","quantity":9}]},
 "requestID":"r","eventID":"e","readOnly":false,"eventType":"AwsApiCall","recipientAccountId":"1111"},
{"eventSource":"metering-marketplace.amazonaws.com","eventName":"BatchMeterUsage","errorCode":"InvalidTagException","errorMessage":"The tag is invalid",
 "requestParameters":{"usageRecords":[{"dimension":"d","timestamp":"Apr 19, 2018, 4:32:50 AM","customerIdentifier":"a","quantity":2}],"productCode":"saas"},"responseElements":null},
{"eventSource":"metering-marketplace.amazonaws.com","eventName":"MeterUsage","userIdentity":{"accountId":"3333"},
 "requestParameters":{"timestamp":"Apr 19, 2018 4:32:50 PM","usageDimension":"d","usageQuantity":3,"productCode":"ami","dryRun":false},"responseElements":{"meteringRecordId":"m-3"}},
{"eventSource":"metering-marketplace.amazonaws.com","eventName":"MeterUsage","userIdentity":{"accountId":"3333"},
 "requestParameters":{"timestamp":"Apr 19, 2018 4:32:50 PM","usageDimension":"d","usageQuantity":4,"productCode":"ami","dryRun":true},"responseElements":null},
{"eventSource":"metering-marketplace.amazonaws.com","eventName":"MeterUsage","userIdentity":{"type":"AWSService"},"recipientAccountId":"3333","errorCode":"CustomerNotEntitledException",
 "requestParameters":{"timestamp":1524155570.25,"usageDimension":"d","productCode":"ami"},"responseElements":null},
{"eventSource":"metering-marketplace.amazonaws.com","eventName":"ResolveCustomer","requestParameters":{"registrationToken":"HIDDEN"}},
{"eventSource":"s3.amazonaws.com","eventName":"PutObject","requestParameters":{"usageRecords":7}}
]}`

var trailNoon = time.Date(2018, 4, 19, 16, 32, 50, 0, time.UTC)

func trailEntries() []Entry {
	return []Entry{
		{"saas", Buyer{Identifier: "a"}, "d", trailNoon, 1, Accepted, "m-1", ""},
		{"saas", Buyer{Account: "2222", License: "l-1"}, "d", trailNoon, 0, Refused, "", "CustomerNotSubscribed"},
		{"saas", Buyer{Identifier: "a"}, "d", trailNoon.Add(-12 * time.Hour), 2, Refused, "", "InvalidTagException: The tag is invalid"},
		{"ami", Buyer{Account: "3333"}, "d", trailNoon, 3, Accepted, "m-3", ""},
		{"ami", Buyer{Account: "3333"}, "d", trailNoon.Add(250 * time.Millisecond), 0, Refused, "", "CustomerNotEntitledException"},
	}
}

func TestCloudTrail(t *testing.T) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write([]byte(trail)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var records struct{ Records []json.RawMessage }
	if err := json.Unmarshal([]byte(trail), &records); err != nil {
		t.Fatal(err)
	}
	var found struct{ Events []map[string]string }
	for _, r := range records.Records {
		found.Events = append(found.Events, map[string]string{"EventId": "e", "CloudTrailEvent": string(r)})
	}
	lookup, err := json.Marshal(found)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"plain": trail, "packed": packed.String(), "LookupEvents": string(lookup)} {
		got, err := CloudTrail(strings.NewReader(text))
		if diff := cmp.Diff(trailEntries(), got); diff != "" || err != nil {
			t.Errorf("%s: %v %s", name, err, diff)
		}
	}
}

func TestCloudTrailThatCannotBeRead(t *testing.T) {
	const call = `{"Records":[{"eventSource":"metering-marketplace.amazonaws.com","eventName":"BatchMeterUsage","errorCode":"x","requestParameters":{"usageRecords":[{"timestamp":%}]}}]}`
	for name, test := range map[string]struct{ text, want string }{
		"no JSON":    {"hello", "no JSON of CloudTrail"},
		"cut":        {trail[:len(trail)-5], "no JSON of CloudTrail"},
		"other JSON": {`{"Results":[]}`, "neither Records"},
		"bad gzip":   {"\x1f\x8bxxxxxxxxxxx", "unpacking"},
		"a bad time": {strings.Replace(call, "%", `"noon"`, 1), `event 1: "noon" is not a time`},
		"no time":    {strings.Replace(call, "%", `{}`, 1), "event 1: "},
		"no event":   {`{"Records":[7]}`, "event 1: "},
	} {
		if _, err := CloudTrail(strings.NewReader(test.text)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}
