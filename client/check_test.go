package client

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/meterd/meterd/api"
)

func split(quantities ...int64) (list []api.UsageAllocation) {
	for i, q := range quantities {
		list = append(list, api.UsageAllocation{AllocatedUsageQuantity: new(q), Tags: []api.Tag{{Key: new("team"), Value: new(fmt.Sprint(i))}}})
	}
	return list
}

func tagged(tags ...string) []api.UsageAllocation {
	a := api.UsageAllocation{AllocatedUsageQuantity: new(int64(7)), Tags: []api.Tag{}}
	for _, tag := range tags {
		key, value, _ := strings.Cut(tag, "=")
		a.Tags = append(a.Tags, api.Tag{Key: &key, Value: &value})
	}
	return []api.UsageAllocation{a}
}

// badRecords says how to spoil a good record, and how that is refused.
var badRecords = map[string]struct {
	change func(*api.UsageRecord)
	want   api.ExceptionName
}{
	"good":                         {func(r *api.UsageRecord) {}, ""},
	"no timestamp":                 {func(r *api.UsageRecord) { r.Timestamp = nil }, api.ValidationException},
	"no dimension":                 {func(r *api.UsageRecord) { r.Dimension = nil }, api.ValidationException},
	"negative":                     {func(r *api.UsageRecord) { r.Quantity = new(int64(-1)) }, api.ValidationException},
	"the largest":                  {func(r *api.UsageRecord) { r.Quantity = new(int64(api.QuantityMax)) }, ""},
	"too large":                    {func(r *api.UsageRecord) { r.Quantity = new(int64(api.QuantityMax + 1)) }, api.ValidationException},
	"two buyers":                   {func(r *api.UsageRecord) { r.CustomerAWSAccountId = new("222233334444") }, api.InvalidCustomerIdentifierException},
	"no buyer":                     {func(r *api.UsageRecord) { r.CustomerIdentifier = nil }, api.InvalidCustomerIdentifierException},
	"an empty buyer":               {func(r *api.UsageRecord) { r.CustomerIdentifier = new("") }, api.InvalidCustomerIdentifierException},
	"a licence for a buyer":        {func(r *api.UsageRecord) { r.CustomerIdentifier, r.LicenseArn = nil, new(licenseA) }, api.InvalidCustomerIdentifierException},
	"an account that is none":      {func(r *api.UsageRecord) { r.CustomerIdentifier, r.CustomerAWSAccountId = nil, new("abc") }, api.ValidationException},
	"allocated":                    {func(r *api.UsageRecord) { r.UsageAllocations = split(3, 4) }, ""},
	"allocated too little":         {func(r *api.UsageRecord) { r.UsageAllocations = split(3, 3) }, api.InvalidUsageAllocationsException},
	"allocated without a quantity": {func(r *api.UsageRecord) { r.Quantity, r.UsageAllocations = nil, split(1) }, api.InvalidUsageAllocationsException},
	"allocated of nothing":         {func(r *api.UsageRecord) { r.Quantity, r.UsageAllocations = nil, split(0, 0) }, ""},
	"no allocations in a list":     {func(r *api.UsageRecord) { r.UsageAllocations = []api.UsageAllocation{} }, ""},
	"no tags in a list":            {func(r *api.UsageRecord) { r.UsageAllocations = tagged() }, ""},
	"an untagged rest":             {func(r *api.UsageRecord) { r.UsageAllocations = split(3, 4); r.UsageAllocations[1].Tags = nil }, ""},
	"two untagged rests": {func(r *api.UsageRecord) {
		r.UsageAllocations = split(3, 4)
		r.UsageAllocations[0].Tags, r.UsageAllocations[1].Tags = nil, nil
	}, api.InvalidUsageAllocationsException},
	"a set twice": {func(r *api.UsageRecord) {
		r.Quantity, r.UsageAllocations = new(int64(14)), append(tagged("a=1", "b=2"), tagged("b=2", "a=1")...)
	}, api.InvalidUsageAllocationsException},
	"2501 allocations": {func(r *api.UsageRecord) { r.Quantity, r.UsageAllocations = new(int64(0)), split(manyNothings...) }, api.InvalidUsageAllocationsException},
	"2500 allocations": {func(r *api.UsageRecord) { r.Quantity, r.UsageAllocations = new(int64(0)), split(manyNothings[1:]...) }, ""},
	"an allocation of nothing": {func(r *api.UsageRecord) {
		r.UsageAllocations = split(7)
		r.UsageAllocations[0].AllocatedUsageQuantity = nil
	}, api.ValidationException},
	"5 tags": {func(r *api.UsageRecord) { r.UsageAllocations = tagged("a=1", "b=1", "c=1", "d=1", "e=1") }, ""},
	"6 tags": {func(r *api.UsageRecord) { r.UsageAllocations = tagged("a=1", "b=1", "c=1", "d=1", "e=1", "f=1") }, api.InvalidTagException},
	"6 keys": {func(r *api.UsageRecord) {
		r.Quantity, r.UsageAllocations = new(int64(14)), append(tagged("a=1", "b=1", "c=1"), tagged("d=1", "e=1", "f=1")...)
	}, api.InvalidTagException},
	"a key twice":          {func(r *api.UsageRecord) { r.UsageAllocations = tagged("a=1", "a=2") }, api.InvalidTagException},
	"a tag without value":  {func(r *api.UsageRecord) { r.UsageAllocations = tagged("a") }, api.InvalidTagException},
	"a tag without key":    {func(r *api.UsageRecord) { r.UsageAllocations = tagged("=a") }, api.InvalidTagException},
	"a key of null":        {func(r *api.UsageRecord) { r.UsageAllocations = tagged("a=1"); r.UsageAllocations[0].Tags[0].Key = nil }, api.ValidationException},
	"all characters":       {func(r *api.UsageRecord) { r.UsageAllocations = tagged("azAZ09+-._:/@=1 !#$%&'()*,;<=") }, ""},
	"a character too many": {func(r *api.UsageRecord) { r.UsageAllocations = tagged("a=1>2") }, api.InvalidTagException},
	"a tab":                {func(r *api.UsageRecord) { r.UsageAllocations = tagged("a=1\t") }, api.InvalidTagException},
	"a line break":         {func(r *api.UsageRecord) { r.UsageAllocations = tagged("a=1\n") }, api.InvalidTagException},
	"the longest tag":      {func(r *api.UsageRecord) { r.UsageAllocations = tagged(long(100) + "=" + long(256)) }, ""},
	"too long a key":       {func(r *api.UsageRecord) { r.UsageAllocations = tagged(long(101) + "=1") }, api.InvalidTagException},
	"too long a value":     {func(r *api.UsageRecord) { r.UsageAllocations = tagged("a=" + long(257)) }, api.InvalidTagException},
}

var manyNothings = make([]int64, api.AllocationsMax+1)

func long(n int) string { return strings.Repeat("x", n) }

// What the client refuses is not sent, and the service refuses it as well, by
// the same name. What it lets pass at the edge, the service takes.
func TestRefusedUnsent(t *testing.T) {
	for name, test := range badRecords {
		t.Run(name, func(t *testing.T) {
			service := &script{steps: []http.HandlerFunc{newService(t).ServeHTTP}}
			c := newClient(t, configOf(service))
			record := usage(7)
			test.change(&record)
			_, err := c.BatchMeterUsage(t.Context(), batchOf(record))
			if test.want == "" {
				if err != nil {
					t.Errorf("refused: %v", err)
				}
				return
			}
			if !Is(err, test.want) || err.(*Error).Attempts != 0 || len(service.seen) != 0 {
				t.Errorf("%v, want %s unsent", err, test.want)
			}
			if got := unchecked(t, c, record); got != test.want {
				t.Errorf("the service says %q, the client %q", got, test.want)
			}
		})
	}
}

// unchecked sends a record as it is and returns how the service refuses it.
func unchecked(t *testing.T, c *Client, record api.UsageRecord) api.ExceptionName {
	t.Helper()
	body, err := c.dialect.batch(batchOf(record))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err = c.sendBatch(t.Context(), body, nil); err == nil {
		return ""
	}
	return err.(*Error).API.Name
}

// Random allocations: client and service must agree on every one.
func TestAllocationsAreCheckedAsByTheService(t *testing.T) {
	c := newClient(t, configOf(newService(t)))
	random := rand.New(rand.NewPCG(1, 2))
	keys, values := []string{"a", "b", "c", "d", "e", "f", ""}, []string{"1", "2", "ü", "", "x y"}
	refused := 0
	for range 3000 {
		record := usage(int64(random.IntN(4)))
		for range random.IntN(4) {
			a := api.UsageAllocation{AllocatedUsageQuantity: new(int64(random.IntN(3)))}
			for range random.IntN(4) {
				a.Tags = append(a.Tags, api.Tag{Key: new(keys[random.IntN(len(keys)-1)]), Value: new(values[random.IntN(len(values)-random.IntN(4))])})
			}
			record.UsageAllocations = append(record.UsageAllocations, a)
		}
		want := unchecked(t, c, record)
		var got api.ExceptionName
		if refusal := checkBatch(batchOf(record)); refusal != nil {
			got = refusal.Name
			refused++
		}
		if got != want {
			t.Fatalf("the service says %q, the client %q of %+v", want, got, record)
		}
	}
	if refused < 500 || refused > 2500 {
		t.Errorf("%d of 3000 were refused: the mix is bad", refused)
	}
}

func TestOtherRequestsAreCheckedToo(t *testing.T) {
	s := &script{steps: []http.HandlerFunc{say(200, "{}")}}
	c := newClient(t, configOf(s))
	good := api.MeterUsageRequest{ProductCode: new("box"), Timestamp: new(time.Now()), UsageDimension: new("users"), UsageQuantity: new(int64(7))}
	for name, call := range map[string]func() error{
		"26 records": func() error {
			_, err := c.BatchMeterUsage(t.Context(), batchOf(make([]api.UsageRecord, 26)...))
			return err
		},
		"a quantity": func() error {
			r := good
			r.UsageQuantity = new(int64(-1))
			_, err := c.MeterUsage(t.Context(), &r)
			return err
		},
		"an empty ClientToken": func() error { r := good; r.ClientToken = new(""); _, err := c.MeterUsage(t.Context(), &r); return err },
		"a key version": func() error {
			_, err := c.RegisterUsage(t.Context(), &api.RegisterUsageRequest{ProductCode: new("p"), PublicKeyVersion: new(int64(0))})
			return err
		},
		"an empty token": func() error {
			_, err := c.ResolveCustomer(t.Context(), &api.ResolveCustomerRequest{RegistrationToken: new("")})
			return err
		},
	} {
		if err := call(); !Is(err, api.ValidationException) {
			t.Errorf("%s: %v", name, err)
		}
	}
	r := good
	r.UsageAllocations = split(1)
	if _, err := c.MeterUsage(t.Context(), &r); !Is(err, api.InvalidUsageAllocationsException) {
		t.Errorf("allocations: %v", err)
	}
	if len(s.seen) != 0 {
		t.Errorf("%d requests were sent", len(s.seen))
	}
}

// 1 MB is too much, a byte less is not.
func TestBodiesAreUnder1MB(t *testing.T) {
	s := &script{steps: []http.HandlerFunc{newService(t).ServeHTTP}}
	c := newClient(t, configOf(s))
	const short = 110 // characters of a tag's value before the body is filled up
	request := batchOf(usage(0), usage(0))
	fill := func(size int) {
		for i := range request.UsageRecords {
			list := split(make([]int64, 2400)...)
			for j := range list {
				list[j].Tags = append(list[j].Tags, api.Tag{Key: new("x"), Value: new(strings.Repeat("x", short))})
			}
			request.UsageRecords[i].UsageAllocations = list
		}
		body, err := c.dialect.batch(request)
		if err != nil {
			t.Fatal(err)
		}
		list := request.UsageRecords[1].UsageAllocations
		for missing, j := size-len(body), 0; missing > 0; j++ {
			more := min(missing, api.TagValueCharsMax-short)
			list[j].Tags[1].Value = new(strings.Repeat("x", short+more))
			missing -= more
		}
	}
	fill(api.RequestBytesLimit)
	if _, err := c.BatchMeterUsage(t.Context(), request); !Is(err, api.RequestEntityTooLargeException) || len(s.seen) != 0 {
		t.Errorf("1 MB: %v, %d requests", err, len(s.seen))
	}
	fill(api.RequestBytesLimit - 1)
	if _, err := c.BatchMeterUsage(t.Context(), request); err != nil || len(s.seen) != 1 || len(s.seen[0].body) != api.RequestBytesLimit-1 {
		t.Errorf("a byte less: %.200v, %d requests", err, len(s.seen))
	}
}
