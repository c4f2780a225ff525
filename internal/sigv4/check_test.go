package sigv4

import (
	"net/http"
	"net/url"
	"testing"
	"time"
)

// at makes a Signature of the given time.
func at(t *testing.T, query string) *Signature {
	t.Helper()
	r := &http.Request{URL: new(url.URL), Header: make(http.Header)}
	if query == "" {
		r.Header.Set("X-Amz-Date", stamp)
		r.Header.Set("Authorization", authorization(scope, "host", goodMAC))
	} else {
		r.URL.RawQuery = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=" + scope + "&X-Amz-Date=" + stamp +
			"&X-Amz-SignedHeaders=host&X-Amz-Signature=" + goodMAC + query
	}
	s, err := Parse(r)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestCheckTime(t *testing.T) {
	tests := []struct {
		name, query string
		now         time.Duration // after the time of the signature
		want        string
	}{
		{"at once", "", 0, "ok"},
		{"oldest", "", 5 * time.Minute, "ok"},
		{"oldest, within the second", "", 5*time.Minute + 999*time.Millisecond, "ok"},
		{"older", "", 5*time.Minute + time.Second, "InvalidSignatureException: Signature expired: " +
			"20261122T005500Z is now earlier than 20261122T005501Z (20261122T010001Z - 5 min.)"},
		{"newest", "", -5 * time.Minute, "ok"},
		{"newer", "", -5*time.Minute - time.Second, "InvalidSignatureException: Signature not yet current: " +
			"20261122T005500Z is still later than 20261122T005459Z (20261122T004959Z + 5 min.)"},
		{"newer by less than a second", "", -5*time.Minute - time.Millisecond, "InvalidSignatureException: Signature not yet current: " +
			"20261122T005500Z is still later than 20261122T005459Z (20261122T004959Z + 5 min.)"},

		{"presigned without expiry, oldest", "&a", 5 * time.Minute, "ok"},
		{"presigned without expiry, older", "&a", 5*time.Minute + time.Second, "InvalidSignatureException: Signature expired: " +
			"20261122T005500Z is now earlier than 20261122T005501Z (20261122T010001Z - 5 min.)"},
		{"presigned, oldest", "&X-Amz-Expires=900", 15 * time.Minute, "ok"},
		{"presigned, older", "&X-Amz-Expires=900", 15*time.Minute + time.Second, "InvalidSignatureException: Signature expired: " +
			"20261122T005500Z is now earlier than 20261122T005501Z (20261122T011001Z - 15 min.)"},
		{"presigned, seconds", "&X-Amz-Expires=90", 91 * time.Second, "InvalidSignatureException: Signature expired: " +
			"20261122T005500Z is now earlier than 20261122T005501Z (20261122T005631Z - 90 sec.)"},
		{"presigned, a week", "&X-Amz-Expires=604800", 7 * 24 * time.Hour, "ok"},
		{"presigned, over a week", "&X-Amz-Expires=604800", 7*24*time.Hour + time.Second, "InvalidSignatureException: Signature expired: " +
			"20261122T005500Z is now earlier than 20261122T005501Z (20261129T005501Z - 10080 min.)"},
		{"presigned, newest", "&X-Amz-Expires=900", -5 * time.Minute, "ok"},
		{"presigned, newer", "&X-Amz-Expires=900", -5*time.Minute - time.Second, "InvalidSignatureException: Signature not yet current: " +
			"20261122T005500Z is still later than 20261122T005459Z (20261122T004959Z + 5 min.)"},
	}
	elsewhere := time.FixedZone("elsewhere", 3600)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := at(t, test.query).CheckTime(testNow.Add(test.now).In(elsewhere))
			if got := message(err); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestCheckScope(t *testing.T) {
	const invalid = "InvalidSignatureException: "
	tests := []struct{ name, date, region, service, terminator, want string }{
		{"right", "20261122", "us-east-1", "aws-marketplace", "aws4_request", "ok"},
		{"region", "20261122", "us-west-9", "aws-marketplace", "aws4_request",
			invalid + "Credential should be scoped to a valid region, not 'us-west-9'. "},
		{"service", "20261122", "us-east-1", "s3", "aws4_request",
			invalid + "Credential should be scoped to correct service: 'aws-marketplace'. "},
		{"terminator", "20261122", "us-east-1", "aws-marketplace", "aws5_request",
			invalid + "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'. "},
		{"date", "20261121", "us-east-1", "aws-marketplace", "aws4_request",
			invalid + "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: " +
				"'20261121' != '20261122', from '20261122T005500Z'."},
		{"all", "b", "c", "d", "e",
			invalid + "Credential should be scoped to a valid region, not 'c'. " +
				"Credential should be scoped to correct service: 'aws-marketplace'. " +
				"Credential should be scoped with a valid terminator: 'aws4_request', not 'e'. " +
				"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: " +
				"'b' != '20261122', from '20261122T005500Z'."},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := at(t, "")
			s.Date, s.Region, s.Service, s.terminator = test.date, test.region, test.service, test.terminator
			if got := message(s.CheckScope(testService, onlyTestRegion)); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}
