package client

import (
	"testing"
	"time"

	"github.com/meterd/meterd/api"
)

func TestCheckAsksNobody(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	record := api.UsageRecord{Timestamp: &now, CustomerIdentifier: new("cust-1"), Dimension: new("users"), Quantity: new(int64(1))}
	aws := newClient(t, Config{Region: "us-east-1"})
	other := newClient(t, Config{Endpoint: "http://127.0.0.1:1", APIKey: "key"})
	for name, test := range map[string]struct {
		client  *Client
		change  func(*api.UsageRecord)
		product *string
		now     time.Time
		want    api.ExceptionName
	}{
		"good":                     {aws, nil, new("saas"), now, ""},
		"no buyer":                 {other, func(r *api.UsageRecord) { r.CustomerIdentifier = nil }, new("saas"), now, api.InvalidCustomerIdentifierException},
		"no time":                  {aws, func(r *api.UsageRecord) { r.Timestamp = nil }, new("saas"), now, api.ValidationException},
		"too old for AWS":          {aws, nil, new("saas"), now.Add(30 * time.Hour), api.TimestampOutOfBoundsException},
		"nobody knows the time":    {aws, nil, new("saas"), time.Time{}, ""},
		"a meterd has its own":     {other, nil, new("saas"), now.Add(30 * time.Hour), ""},
		"the product can be wrong": {aws, nil, new("a b\x00"), now, api.ValidationException},
	} {
		r := record
		if test.change != nil {
			test.change(&r)
		}
		err := test.client.Check(test.product, &r, test.now)
		if test.want == "" && err != nil || test.want != "" && !Is(err, test.want) {
			t.Errorf("%s: %v, want %s", name, err, test.want)
		}
	}
}
