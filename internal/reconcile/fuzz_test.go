package reconcile

import (
	"bytes"
	"testing"
)

// Whatever a trail says, comparing it with itself finds what it accepted equal,
// and nothing that is not ours.
func FuzzCloudTrail(f *testing.F) {
	f.Add([]byte(trail))
	f.Add([]byte(`{"Records":[{"eventSource":"metering-marketplace.amazonaws.com","eventName":"MeterUsage","requestParameters":{"timestamp":1}}]}`)) // of nobody
	f.Add([]byte(`{"Events":[{"CloudTrailEvent":"{}"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		entries, err := CloudTrail(bytes.NewReader(text))
		if err != nil {
			return
		}
		for _, l := range Compare(entries, entries) {
			if l.Kind == NotOurs || l.Kind == NeverSent {
				t.Errorf("%+v", l)
			}
		}
	})
}
