package client

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/meterd/meterd/api"
)

// Results are matched by what they echo, also where the service fills in the
// other identifier, or cuts the time.
func TestResultsAreMatchedByTheirEcho(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now().Truncate(time.Hour).Add(500 * time.Millisecond)
		record := func(account string, quantity int64) api.UsageRecord {
			r := usage(quantity)
			r.Timestamp, r.CustomerIdentifier, r.CustomerAWSAccountId = &now, nil, &account
			return r
		}
		records := []api.UsageRecord{record("1", 1), record("2", 1), record("2", 2), record("3", 3)}
		echo := func(account string, quantity int) string {
			return fmt.Sprintf(`{"UsageRecord":{"Timestamp":%d,"CustomerIdentifier":"filled-in","CustomerAWSAccountId":%q,"Dimension":"users","Quantity":%d},"Status":"Success","MeteringRecordId":"%s/%d"}`, now.Unix(), account, quantity, account, quantity)
		}
		answer := `{"Results":[` + echo("3", 3) + "," + echo("2", 2) + "," + echo("9", 9) + "," + echo("1", 1) + "," + echo("2", 1) + `]}`
		verdicts, err := newClient(t, configOf(&script{steps: []http.HandlerFunc{say(200, answer)}})).SubmitAll(t.Context(), new("saas"), records)
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []string{"1/1", "2/1", "2/2", "3/3"} {
			if verdicts[i].MeteringRecordId != want {
				t.Errorf("record %d has the id %s, want %s", i, verdicts[i].MeteringRecordId, want)
			}
		}
	})
}

// What comes back unprocessed is matched as leniently as a result is.
func TestUnprocessedRecordsAreMatchedByTheirEcho(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		record := usage(1)
		record.Timestamp = new(time.Now().Add(300 * time.Millisecond))
		back := fmt.Sprintf(`{"UnprocessedRecords":[{"Timestamp":%d,"Dimension":"users","Quantity":1}]}`, record.Timestamp.Unix())
		verdicts, err := newClient(t, configOf(&script{steps: []http.HandlerFunc{say(200, back)}})).SubmitAll(t.Context(), new("saas"), []api.UsageRecord{record})
		if err == nil || verdicts[0].Outcome != Unprocessed {
			t.Errorf("%+v, %v", verdicts[0], err)
		}
	})
}

// A record that an answer leaves out may be stored.
func TestARecordWithoutResultIsUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		verdicts, err := newClient(t, configOf(&script{steps: []http.HandlerFunc{say(200, `{"Results":[],"UnprocessedRecords":[]}`)}})).SubmitAll(t.Context(), new("saas"), named(1))
		if err == nil || verdicts[0].Outcome != Unknown {
			t.Errorf("%+v, %v", verdicts, err)
		}
	})
}
