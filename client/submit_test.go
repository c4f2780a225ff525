package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/meterd/meterd/api"
	"github.com/meterd/meterd/internal/metering"
)

// batchIn reads the records of a request.
func batchIn(t testing.TB, body string) (m struct {
	ProductCode  *string
	UsageRecords []json.RawMessage
}) {
	t.Helper()
	if err := json.Unmarshal([]byte(body), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// hourly makes n valid records with keys of their own.
func hourly(n int) []api.UsageRecord {
	records := make([]api.UsageRecord, n)
	for i := range records {
		records[i] = usage(int64(i))
		records[i].Timestamp = new(time.Now().Add(-time.Duration(i%20) * time.Hour))
		records[i].Dimension = new([]string{"users", "gb"}[i/20%2])
		if i/40%2 == 1 {
			records[i].CustomerIdentifier, records[i].CustomerAWSAccountId = nil, new("333344445555")
		}
	}
	return records
}

func TestSubmitAllSplitsByCountAndSize(t *testing.T) {
	large := func(values int) api.UsageRecord {
		r := usage(0)
		r.UsageAllocations = split(make([]int64, values)...)
		for i := range r.UsageAllocations {
			r.UsageAllocations[i].Tags = append(r.UsageAllocations[i].Tags, api.Tag{Key: new("x"), Value: new(strings.Repeat("x", 256))})
		}
		return r
	}
	midMonth(t, func(t *testing.T) {
		tooLarge := large(2500)
		tooLarge.UsageAllocations[0].Tags = nil
		for i := range tooLarge.UsageAllocations[1:] {
			for _, key := range []string{"y", "z"} {
				tooLarge.UsageAllocations[i+1].Tags = append(tooLarge.UsageAllocations[i+1].Tags, api.Tag{Key: &key, Value: new(strings.Repeat("y", 256))})
			}
		}
		for name, test := range map[string]struct {
			records []api.UsageRecord
			want    []int // records in each call
			refused int
		}{
			"none":             {nil, nil, 0},
			"25":               {hourly(25), []int{25}, 0},
			"26":               {hourly(26), []int{25, 1}, 0},
			"60":               {hourly(60), []int{25, 25, 10}, 0},
			"large ones":       {[]api.UsageRecord{large(1200), usage(1), usage(1), large(1200), large(1200)}, []int{4, 1}, 0},
			"one of over 1 MB": {[]api.UsageRecord{usage(1), tooLarge, usage(1)}, []int{1, 1}, 1},
		} {
			s := &script{steps: []http.HandlerFunc{newService(t).ServeHTTP}}
			verdicts, err := newClient(t, configOf(s)).SubmitAll(t.Context(), new("saas"), test.records)
			if err != nil || len(verdicts) != len(test.records) {
				t.Fatalf("%s: %d verdicts, %v", name, len(verdicts), err)
			}
			var calls []int
			for _, r := range s.seen {
				if len(r.body) >= api.RequestBytesLimit {
					t.Errorf("%s: a body of %d bytes", name, len(r.body))
				}
				calls = append(calls, len(batchIn(t, r.body).UsageRecords))
			}
			if fmt.Sprint(calls) != fmt.Sprint(test.want) {
				t.Errorf("%s: calls of %v records, want %v", name, calls, test.want)
			}
			refused := 0
			for _, v := range verdicts {
				if v.Outcome == Refused {
					refused++
				}
			}
			if refused != test.refused {
				t.Errorf("%s: %d records refused, want %d", name, refused, test.refused)
			}
		}
	})
}

// A random mix of good and bad records through a network that loses, throttles
// and fails: each record has the verdict that it deserves, in its place, and
// the ledger holds what the verdicts say.
func TestSubmitAllGivesEachRecordItsVerdict(t *testing.T) {
	for seed := range uint64(20) {
		midMonth(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 5))
			service := newService(t)
			cfg := configOf(nil)
			cfg.WindowCheck = []WindowCheck{WindowCheckAlways, WindowCheckNever}[random.IntN(2)]
			cfg.HTTPClient = &http.Client{Transport: unreliable(service, random)}
			records, want := mix(random, 1+random.IntN(120))
			verdicts, err := newClient(t, cfg).SubmitAll(t.Context(), new("saas"), records)
			ledger, lost := map[recordKey]int64{}, false
			for i, v := range verdicts {
				got := shown(v)
				if got == "Unknown TimestampOutOfBoundsException" {
					got, lost = "Refused TimestampOutOfBoundsException", true // an answer was lost before
				}
				if got != want[i] {
					t.Errorf("seed %d: record %d of %d (%s) is %s, want %s: %v", seed, i, len(records), *records[i].Dimension, got, want[i], v.Err)
				}
				if v.Accepted() {
					key := recordKey{"222233334444", metering.Dimension(*records[i].Dimension), records[i].Timestamp.Truncate(time.Hour).Unix()}
					ledger[key] = *records[i].Quantity
				}
			}
			if (err != nil) != lost {
				t.Errorf("seed %d: the error is %v", seed, err)
			}
			if got := service.quantities(t); fmt.Sprint(got) != fmt.Sprint(ledger) {
				t.Errorf("seed %d: the ledger has %v, the verdicts %v", seed, got, ledger)
			}
		})
	}
}

func shown(v Verdict) string {
	if v.Outcome == Answered {
		return string(v.Status)
	}
	if e, ok := errors.AsType[*api.Error](v.Err); ok {
		return string(v.Outcome) + " " + string(e.Name)
	}
	return string(v.Outcome)
}

// unreliable loses requests and answers, throttles and fails, but never three
// times in a row, which is what a call tries.
func unreliable(h http.Handler, random *rand.Rand) transport {
	bad := 0
	return func(r *http.Request) (*http.Response, error) {
		fault := random.IntN(12)
		if bad == 2 {
			fault = 5
		}
		bad++
		switch fault {
		case 0:
			return nil, io.ErrUnexpectedEOF
		case 1:
			inProcess(h)(r)
			return nil, io.ErrUnexpectedEOF
		case 2:
			return inProcess(sayError(400, api.ThrottlingException))(r)
		case 3:
			inProcess(h)(r)
			return inProcess(sayError(500, api.InternalServiceErrorException))(r)
		case 4:
			inProcess(h)(r)
			return inProcess(say(200, "<html>"))(r)
		}
		bad = 0
		return inProcess(h)(r)
	}
}

// mix makes records and says what must become of each.
func mix(random *rand.Rand, n int) (records []api.UsageRecord, want []string) {
	told := map[string]int64{}
	for range n {
		r, verdict := usage(int64(random.IntN(3))), ""
		r.Timestamp = new(time.Now().Add(-time.Duration(random.IntN(3)) * time.Hour))
		switch random.IntN(16) {
		case 0:
			r.Timestamp, verdict = new(time.Now().Add(-40*24*time.Hour)), "Refused TimestampOutOfBoundsException"
		case 1:
			r.Dimension, verdict = new("nope"), "Refused InvalidUsageDimensionException"
		case 2:
			r.CustomerIdentifier, verdict = new("nobody"), "Refused InvalidCustomerIdentifierException"
		case 3:
			r.CustomerIdentifier, verdict = new("cust-2"), "CustomerNotSubscribed"
		case 4:
			r.Quantity, verdict = new(int64(-1)), "Refused ValidationException"
		case 5:
			r.UsageAllocations, verdict = split(5), "Refused InvalidUsageAllocationsException"
		default:
			key := r.Timestamp.Truncate(time.Hour).String()
			first, ok := told[key]
			verdict = "Success"
			if !ok {
				told[key] = *r.Quantity
			} else if first != *r.Quantity {
				verdict = "DuplicateRecord"
			}
		}
		records, want = append(records, r), append(want, verdict)
	}
	return records, want
}

// unprocessing answers like the service, but gives back some of the records,
// and mixes up the order of the rest.
func unprocessing(t *testing.T, back func(dimension string, calls int) bool) *script {
	s := &script{}
	s.steps = []http.HandlerFunc{func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		request := batchIn(t, string(body))
		answer := struct {
			Results            []map[string]any
			UnprocessedRecords []json.RawMessage
		}{}
		for _, raw := range request.UsageRecords {
			var record recordMessage
			if err := json.Unmarshal(raw, &record); err != nil {
				t.Error(err)
			}
			if back(*record.Dimension, len(s.seen)) {
				answer.UnprocessedRecords = append([]json.RawMessage{raw}, answer.UnprocessedRecords...)
				continue
			}
			answer.Results = append([]map[string]any{{"UsageRecord": raw, "Status": "Success", "MeteringRecordId": "id-" + *record.Dimension}}, answer.Results...)
		}
		text, err := json.Marshal(answer)
		if err != nil {
			t.Error(err)
		}
		say(200, string(text))(w, r)
	}}
	return s
}

func named(n int) []api.UsageRecord {
	records := make([]api.UsageRecord, n)
	for i := range records {
		records[i] = usage(1)
		records[i].Dimension = new(fmt.Sprint("d", i))
	}
	return records
}

func TestSubmitAllFeedsUnprocessedRecordsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := unprocessing(t, func(dimension string, calls int) bool {
			return dimension == "d5" || calls == 1 && (dimension == "d3" || dimension == "d13")
		})
		records := named(30)
		verdicts, err := newClient(t, configOf(s)).SubmitAll(t.Context(), new("saas"), records)
		if !errors.Is(err, errUnprocessed) {
			t.Errorf("the error is %v", err)
		}
		for i, v := range verdicts {
			switch {
			case i == 5 && (v.Outcome != Unprocessed || v.Err == nil):
				t.Errorf("record 5, which never passes: %+v", v)
			case i != 5 && (!v.Accepted() || v.MeteringRecordId != "id-"+*records[i].Dimension):
				t.Errorf("record %d: %+v", i, v)
			}
		}
		times, forms := map[string]int{}, map[string]bool{}
		for call, r := range s.seen {
			if call == 1 && !regexp.MustCompile(`"d3".*"d5".*"d13"`).MatchString(r.body) {
				t.Errorf("the records that came back are sent in the order of %s", r.body)
			}
			for _, raw := range batchIn(t, r.body).UsageRecords {
				var record recordMessage
				if err := json.Unmarshal(raw, &record); err != nil {
					t.Fatal(err)
				}
				times[*record.Dimension]++
				forms[string(raw)] = true
			}
		}
		if len(forms) != 30 {
			t.Errorf("30 records were sent in %d forms", len(forms))
		}
		for dimension, want := range map[string]int{"d5": roundsMax, "d3": 2, "d13": 2, "d0": 1, "d29": 1} {
			if times[dimension] != want {
				t.Errorf("%s was sent %d times, want %d", dimension, times[dimension], want)
			}
		}
	})
}

func TestSubmitAllDistinguishesWhatIsUnknown(t *testing.T) {
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		// want are the outcomes of the second batch and of what is behind it.
		want, behind Outcome
		is           api.ExceptionName
	}{
		"permission lost":     {sayError(400, api.AccessDeniedException), NotSent, NotSent, api.AccessDeniedException},
		"credentials expired": {sayError(400, api.ExpiredTokenException), NotSent, NotSent, api.ExpiredTokenException},
		"product unknown":     {sayError(400, api.InvalidProductCodeException), NotSent, NotSent, api.InvalidProductCodeException},
		"throttled for good":  {sayError(400, api.ThrottlingException), NotSent, NotSent, api.ThrottlingException},
		"failing for good":    {sayError(500, api.InternalServiceErrorException), Unknown, NotSent, api.InternalServiceErrorException},
		"a proxy in the way":  {say(403, "<html>"), NotSent, NotSent, ""},
		"told to wait long":   {withHeader("Retry-After", "3600", sayError(503, api.ServiceUnavailableException)), Unknown, NotSent, api.ServiceUnavailableException},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				good := unprocessing(t, func(string, int) bool { return false }).steps[0]
				s := &script{steps: []http.HandlerFunc{good, test.answer}}
				verdicts, err := newClient(t, configOf(s)).SubmitAll(t.Context(), new("saas"), named(150))
				if err == nil || test.is != "" && !Is(err, test.is) {
					t.Errorf("the error is %v", err)
				}
				for i, want := range map[int]Outcome{0: Answered, 24: Answered, 25: test.want, 49: test.want, 149: test.behind} {
					if v := verdicts[i]; v.Outcome != want || (v.Err == nil) != (want == Answered) {
						t.Errorf("record %d: %+v, want %s", i, v, want)
					}
				}
			})
		})
	}
}

// A service that fails for good is tried with some batches, and left alone then.
func TestSubmitAllStopsAtASilentService(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{steps: []http.HandlerFunc{cut}}
		cfg := configOf(s)
		verdicts, err := newClient(t, cfg).SubmitAll(t.Context(), new("saas"), named(250))
		if err == nil {
			t.Error("no error")
		}
		for i, v := range verdicts {
			want := Unknown
			if i >= failedBatchesMax*api.RecordsMax {
				want = NotSent
			}
			if v.Outcome != want {
				t.Errorf("record %d: %+v, want %s", i, v, want)
			}
		}
		if want := failedBatchesMax * roundsMax * 3; len(s.seen) != want {
			t.Errorf("%d requests were sent, want %d", len(s.seen), want)
		}
	})
}

// Batches that the service chokes on are left open; the others pass, however
// many there are.
func TestSubmitAllGoesOnBehindABatchThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		good := unprocessing(t, func(string, int) bool { return false }).steps[0]
		s := &script{}
		s.steps = []http.HandlerFunc{func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			r.Body = io.NopCloser(strings.NewReader(string(body)))
			if regexp.MustCompile(`"d(30|80|130|180)"`).Match(body) {
				sayError(500, api.InternalServiceErrorException)(w, r)
				return
			}
			good(w, r)
		}}
		verdicts, err := newClient(t, configOf(s)).SubmitAll(t.Context(), new("saas"), named(225))
		if !Is(err, api.InternalServiceErrorException) {
			t.Errorf("the error is %v", err)
		}
		for i, v := range verdicts {
			want := Answered
			if i/25%2 == 1 {
				want = Unknown
			}
			if v.Outcome != want {
				t.Errorf("record %d: %+v, want %s", i, v, want)
			}
		}
	})
}

func TestSubmitAllCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		good := unprocessing(t, func(string, int) bool { return false }).steps[0]
		s := &script{steps: []http.HandlerFunc{good, func(http.ResponseWriter, *http.Request) { cancel(); panic(http.ErrAbortHandler) }}}
		c := newClient(t, configOf(s))
		verdicts, err := c.SubmitAll(ctx, new("saas"), named(75))
		if err == nil || !errors.Is(ctx.Err(), context.Canceled) {
			t.Errorf("the error is %v", err)
		}
		for i, want := range map[int]Outcome{0: Answered, 25: Unknown, 49: Unknown, 50: NotSent, 74: NotSent} {
			if verdicts[i].Outcome != want {
				t.Errorf("record %d: %+v, want %s", i, verdicts[i], want)
			}
		}
		verdicts, err = c.SubmitAll(ctx, new("saas"), named(3))
		if !errors.Is(err, context.Canceled) || verdicts[2].Outcome != NotSent || len(s.seen) != 2 {
			t.Errorf("cancelled before: %v, %v, %d calls", verdicts, err, len(s.seen))
		}
	})
}

// A deadline that comes before the next call's turn ends the run in time.
func TestSubmitAllMeetsItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		cfg := configOf(unprocessing(t, func(string, int) bool { return false }))
		cfg.Rate = 1.5
		began := time.Now()
		verdicts, err := newClient(t, cfg).SubmitAll(ctx, new("saas"), named(75))
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Second {
			t.Errorf("%v after %s", err, time.Since(began))
		}
		for i, want := range map[int]Outcome{49: Answered, 50: NotSent, 74: NotSent} {
			if verdicts[i].Outcome != want {
				t.Errorf("record %d: %+v, want %s", i, verdicts[i], want)
			}
		}
	})
}

func TestSubmitAllOfLicences(t *testing.T) {
	service := newService(t)
	c := newClient(t, configOf(service))
	record := func(license *string) api.UsageRecord {
		r := usage(3)
		r.CustomerIdentifier, r.CustomerAWSAccountId, r.LicenseArn = nil, new("222233334444"), license
		return r
	}
	// The middle one makes the call lack a product; the last is another's.
	verdicts, err := c.SubmitAll(t.Context(), nil, []api.UsageRecord{record(new(licenseB)), record(nil), record(new(licenseB + "x")), record(new(licenseA))})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"Success", "Refused InvalidProductCodeException", "Refused InvalidLicenseException", "Success"} {
		if got := shown(verdicts[i]); got != want {
			t.Errorf("record %d is %s, want %s", i, got, want)
		}
	}
}

// A product code that cannot be one is no record's fault.
func TestSubmitAllOfNoProduct(t *testing.T) {
	s := &script{steps: []http.HandlerFunc{say(200, "{}")}}
	verdicts, err := newClient(t, configOf(s)).SubmitAll(t.Context(), new("a b"), named(2))
	if !Is(err, api.ValidationException) || verdicts[0].Outcome != NotSent || verdicts[1].Outcome != NotSent || len(s.seen) != 0 {
		t.Errorf("%+v, %v, %d calls", verdicts, err, len(s.seen))
	}
}

func TestSubmitAllWithoutCredentials(t *testing.T) {
	cfg := configOf(&script{steps: []http.HandlerFunc{say(200, "{}")}})
	cfg.Credentials = credentials.NewStaticCredentialsProvider("", "", "")
	cfg.Retryer = impatient()
	verdicts, err := newClient(t, cfg).SubmitAll(t.Context(), new("saas"), named(30))
	if err == nil || verdicts[0].Outcome != NotSent || verdicts[29].Outcome != NotSent {
		t.Errorf("%v, %v", verdicts, err)
	}
}
