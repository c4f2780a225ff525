package agent

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestEventsBecomeOneRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for range 2 { // a program that repeats itself
		w.post(t, `{"id":"e1","customer":"cust-1","dimension":"users","quantity":5}`)
	}
	w.post(t, `[{"id":"e2","customer":"cust-1","dimension":"users","quantity":2},{"id":"e3","customer":"cust-1","dimension":"gb","quantity":1}]`)
	w.stop()
	w.start(t) // nothing of it is lost
	w.post(t, `{"id":"e1","customer":"cust-1","dimension":"users","quantity":5}`)
	w.moveTo(t, noon.Add(time.Hour+2*time.Minute))
	records := w.records(t, 2)
	want := map[string]int64{"12 222233334444 users": 7, "12 222233334444 gb": 1}
	if diff := cmp.Diff(want, w.accepted(t)); diff != "" {
		t.Errorf("the service has (-want +got): %s", diff)
	}
	for _, r := range records {
		if r.State != "done" || r.MeteringRecordID == "" || r.Attempts != 1 {
			t.Errorf("%+v", r)
		}
	}
}

func TestNothingIsSentBeforeTheHourIsSettled(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.post(t, `{"id":"e1","customer":"cust-1","dimension":"users","quantity":5}`)
	w.moveTo(t, noon.Add(time.Hour+30*time.Second))
	time.Sleep(2 * turnEvery)
	if got := w.accepted(t); len(got) > 0 {
		t.Errorf("the service has %v half a minute after the hour", got)
	}
}
