package crashtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/marketplacemetering"
	"github.com/aws/aws-sdk-go-v2/service/marketplacemetering/types"
	"github.com/aws/smithy-go"
)

const (
	connections = 8
	batchMax    = 25
	// rememberedMax is how many records each connection may tell again.
	rememberedMax = 200
)

// call is one call, which can be sent again as it is.
type call struct {
	// accessKey signs it.
	accessKey string
	records   []told
	// batch, meter or register is what it sends.
	batch    *marketplacemetering.BatchMeterUsageInput
	meter    *marketplacemetering.MeterUsageInput
	register *marketplacemetering.RegisterUsageInput
	// tokenOf is the record for which the call's ClientToken was made.
	tokenOf *key
}

// connection is a client with one connection, which makes calls of all kinds.
type connection struct {
	*model
	round, number int
	random        *rand.Rand
	client        *marketplacemetering.Client
	// next numbers the keys that only this connection tells first.
	next int
	// remembered may be told again.
	remembered []*call
}

func (m *model) connect(round, number int, seed uint64, endpoint string) *connection {
	return &connection{
		model: m, round: round, number: number,
		random: rand.New(rand.NewPCG(seed, uint64(round*connections+number))),
		client: newClient(endpoint),
	}
}

// newClient makes an SDK client that sends every call once.
func newClient(endpoint string) *marketplacemetering.Client {
	return marketplacemetering.New(marketplacemetering.Options{
		Region:       region,
		BaseEndpoint: aws.String(endpoint),
		Retryer:      aws.NopRetryer{},
		HTTPClient:   &http.Client{Transport: &http.Transport{}, Timeout: patience},
	})
}

// run makes calls until one gets no answer.
func (c *connection) run(answered func()) {
	for {
		call := c.make()
		if !c.do(call) {
			c.unanswer(call)
			return
		}
		answered()
		if c.remembered = append(c.remembered, call); len(c.remembered) > rememberedMax {
			c.remembered = c.remembered[1:]
		}
	}
}

// operate changes the marketplace, by minting registration tokens, until that gets
// no answer.
func (m *model) operate(p *process, round int) {
	client := &http.Client{Transport: &http.Transport{}, Timeout: patience}
	body := fmt.Sprintf(`{"product":%q,"customer":%q}`, legacy, customer(round))
	for {
		r, err := http.NewRequest(http.MethodPost, p.admin+"token", strings.NewReader(body))
		if err != nil {
			m.wrong("minting a token: %v", err)
			return
		}
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", "application/json")
		answer, err := client.Do(r)
		if err != nil {
			return
		}
		var minted struct{ Token string }
		err = json.NewDecoder(answer.Body).Decode(&minted)
		answer.Body.Close()
		if err != nil {
			return
		}
		if answer.StatusCode != http.StatusOK || minted.Token == "" {
			m.wrong("minting a token is answered %s", answer.Status)
			return
		}
		m.mint(minted.Token)
	}
}

// make makes the next call.
func (c *connection) make() *call {
	// Two of the connections are containers.
	if c.number < tasks-1 {
		if c.next == 0 || c.random.IntN(10) == 0 {
			c.next++
			return c.registration(c.number)
		}
		return c.usage(container, task(c.round, c.number), taskKey(c.round, c.number))
	}
	if c.random.IntN(3) == 0 {
		return c.usage(appliance, instance(c.round), instanceKey(c.round))
	}
	return c.batchOf([]string{legacy, concurrent}[c.random.IntN(2)])
}

func (c *connection) registration(n int) *call {
	return &call{accessKey: taskKey(c.round, n), register: &marketplacemetering.RegisterUsageInput{
		ProductCode: aws.String(container), PublicKeyVersion: aws.Int32(1), Nonce: aws.String(fmt.Sprint(c.next)),
	}}
}

// fresh returns a record that nobody told before, or a hot one when there are no
// more.
func (c *connection) fresh(product, party string) told {
	n := c.next*connections + c.number
	c.next++
	d, hour := hotDimensions+n%(dimensions-hotDimensions), n/(dimensions-hotDimensions)
	if hour >= hours {
		return c.hot(product, party)
	}
	return told{key{product, hour, party, dimension(d)}, int32(n), true}
}

// hot returns a record that others tell at the same time, perhaps otherwise.
func (c *connection) hot(product, party string) told {
	return told{key{product, 0, party, dimension(c.random.IntN(hotDimensions))}, int32(c.random.IntN(3)), false}
}

// again returns a record that was told before, exactly or contradicting it.
func (c *connection) again(product string) (told, bool) {
	if len(c.remembered) == 0 {
		return told{}, false
	}
	last := c.remembered[c.random.IntN(len(c.remembered))]
	if len(last.records) == 0 || last.records[0].product != product {
		return told{}, false
	}
	r := last.records[c.random.IntN(len(last.records))]
	r.fresh = false
	if c.random.IntN(2) == 0 {
		r.quantity += 1_000_000
	}
	return r, true
}

// pick returns the next record: two thirds are new.
func (c *connection) pick(product, party string) told {
	switch c.random.IntN(6) {
	case 0:
		return c.hot(product, party)
	case 1:
		if r, ok := c.again(product); ok {
			return r
		}
	}
	return c.fresh(product, party)
}

func (c *connection) batchOf(product string) *call {
	b := &call{accessKey: sellerKey, batch: new(marketplacemetering.BatchMeterUsageInput)}
	if product == legacy {
		b.batch.ProductCode = aws.String(legacy)
	}
	for range 1 + c.random.IntN(batchMax) {
		r := c.pick(product, customer(c.round))
		record := types.UsageRecord{Timestamp: aws.Time(hourOf(r.hour)), Dimension: aws.String(r.dimension), Quantity: aws.Int32(r.quantity)}
		if product == legacy {
			record.CustomerIdentifier = aws.String(customer(c.round))
		} else {
			record.CustomerAWSAccountId, record.LicenseArn = aws.String(buyer(c.round)), aws.String(licence(c.round))
		}
		b.records = append(b.records, r)
		b.batch.UsageRecords = append(b.batch.UsageRecords, record)
	}
	return b
}

// usage makes a MeterUsage with a token of its own, or with one that was used.
func (c *connection) usage(product, party, accessKey string) *call {
	r := c.pick(product, party)
	clientToken := fmt.Sprintf("%d-%d-%d-%d", c.round, c.number, c.next, c.random.Uint32())
	u := &call{accessKey: accessKey, records: []told{r}, tokenOf: &r.key}
	if last := c.remembered; len(last) > 0 && c.random.IntN(10) == 0 {
		if one := last[c.random.IntN(len(last))]; one.meter != nil && one.accessKey == accessKey {
			clientToken, u.tokenOf = *one.meter.ClientToken, one.tokenOf
			if u.records[0].key != *one.tokenOf {
				// It will be refused if the token was kept.
				u.records[0].fresh = false
			}
		}
	}
	u.meter = &marketplacemetering.MeterUsageInput{
		ProductCode: aws.String(product), Timestamp: aws.Time(hourOf(r.hour)), UsageDimension: aws.String(r.dimension),
		UsageQuantity: aws.Int32(r.quantity), ClientToken: aws.String(clientToken),
	}
	return u
}

// do sends a call and reports whether it was answered, in whatever way.
func (c *connection) do(one *call) (answered bool) {
	c.send(one.records)
	var err error
	signed := func(o *marketplacemetering.Options) { o.Credentials = credential(one.accessKey) }
	ctx := context.Background()
	switch {
	case one.batch != nil:
		var out *marketplacemetering.BatchMeterUsageOutput
		if out, err = c.client.BatchMeterUsage(ctx, one.batch, signed); err == nil {
			c.judge(one, out)
		}
	case one.meter != nil:
		var out *marketplacemetering.MeterUsageOutput
		if out, err = c.client.MeterUsage(ctx, one.meter, signed); err == nil {
			c.accept(one.records[0], aws.ToString(out.MeteringRecordId))
		}
	default:
		if _, err = c.client.RegisterUsage(ctx, one.register, signed); err == nil {
			c.register(one.accessKey)
		}
	}
	if err == nil {
		return true
	}
	exception, answered := errors.AsType[smithy.APIError](err)
	if answered {
		c.exception(one, exception)
	}
	return answered
}

// judge takes the verdicts on a batch.
func (c *connection) judge(one *call, out *marketplacemetering.BatchMeterUsageOutput) {
	if len(out.Results) != len(one.records) || len(out.UnprocessedRecords) != 0 {
		c.wrong("%d of %d records have a verdict, %d are unprocessed", len(out.Results), len(one.records), len(out.UnprocessedRecords))
		return
	}
	for i, result := range out.Results {
		switch result.Status {
		case types.UsageRecordResultStatusSuccess:
			c.accept(one.records[i], aws.ToString(result.MeteringRecordId))
		case types.UsageRecordResultStatusDuplicateRecord:
			c.refuse(one.records[i])
		default:
			c.wrong("%+v was answered %s", one.records[i], result.Status)
		}
	}
}

// exception takes a refusal of a whole call. Only MeterUsage has reasons.
func (c *connection) exception(one *call, exception smithy.APIError) {
	switch {
	case one.meter != nil && exception.ErrorCode() == "DuplicateRequestException":
		c.refuse(one.records[0])
	case one.meter != nil && exception.ErrorCode() == "IdempotencyConflictException":
		c.stands(*one.tokenOf)
	default:
		c.wrong("a call of %d records was answered %v", len(one.records), exception)
	}
}
