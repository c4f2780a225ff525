package scripts

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/meterd/meterd/api"
	"github.com/meterd/meterd/internal/store"
)

// The media types of the two dialects.
const (
	awsJSON   = "application/x-amz-json-1.1"
	plainJSON = "application/json"
)

// httpMount makes its requests itself: JSON from the standard library, signed
// at the service's time.
type httpMount struct {
	*frontDoor
	dialect string
}

func openHTTP(t *testing.T, s store.Store, dialect string) *httpMount {
	return &httpMount{openFrontDoor(t, s), dialect}
}

// call sends a request and reads the answer into result.
func (m *httpMount) call(ctx context.Context, c caller, operation api.Operation, request, result any) error {
	body, err := json.Marshal(request)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, m.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", m.dialect)
	r.Header.Set("X-Amz-Target", api.TargetPrefix+"."+string(operation))
	digest := sha256.Sum256(body)
	keys := aws.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}
	if err := v4.NewSigner().SignHTTP(ctx, keys, r, hex.EncodeToString(digest[:]), api.SigningName, string(c.region), m.now()); err != nil {
		return err
	}
	answer, err := m.client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if id, got := answer.Header.Get("x-amzn-RequestId"), answer.Header.Get("Content-Type"); !uuid.MatchString(id) || got != m.dialect {
		return fmt.Errorf("the answer to request %q is of type %s", id, got)
	}
	decoder := json.NewDecoder(answer.Body)
	if answer.StatusCode == http.StatusOK {
		return decoder.Decode(result)
	}
	// JSON from the standard library does not mind how Message is spelled.
	var refused struct {
		Type    api.ExceptionName `json:"__type"`
		Message string
	}
	if err := decoder.Decode(&refused); err != nil {
		return fmt.Errorf("reading an answer with status %d: %w", answer.StatusCode, err)
	}
	return &api.Error{Name: refused.Type, Message: refused.Message, Status: answer.StatusCode}
}

// wireTime is a time as a dialect writes it.
type wireTime struct {
	time.Time
	dialect string
}

func (t wireTime) MarshalJSON() ([]byte, error) {
	if t.dialect == plainJSON {
		return json.Marshal(t.Time)
	}
	milli := t.UnixMilli()
	return fmt.Appendf(nil, "%d.%03d", milli/1000, milli%1000), nil
}

// UnmarshalJSON reads either form; a number must not have an exponent.
func (t *wireTime) UnmarshalJSON(text []byte) (err error) {
	if text[0] == '"' {
		return json.Unmarshal(text, &t.Time)
	}
	seconds, err := strconv.ParseFloat(string(text), 64)
	t.Time = time.UnixMilli(int64(seconds*1000 + 0.5))
	if bytes.ContainsAny(text, "eE") {
		err = fmt.Errorf("time %s has an exponent", text)
	}
	return err
}

// wireRecord is a usage record; what is nil is left out, what is empty is not.
type wireRecord struct {
	Timestamp            wireTime
	Dimension            *string               `json:",omitzero"`
	CustomerIdentifier   *string               `json:",omitzero"`
	CustomerAWSAccountId *string               `json:",omitzero"`
	LicenseArn           *string               `json:",omitzero"`
	Quantity             *int64                `json:",omitzero"`
	UsageAllocations     []api.UsageAllocation `json:",omitzero"`
}

func (w wireRecord) record() api.UsageRecord {
	return api.UsageRecord{
		Timestamp: &w.Timestamp.Time, Dimension: w.Dimension, CustomerIdentifier: w.CustomerIdentifier,
		CustomerAWSAccountId: w.CustomerAWSAccountId, LicenseArn: w.LicenseArn, Quantity: w.Quantity, UsageAllocations: w.UsageAllocations,
	}
}

func (m *httpMount) batchMeterUsage(ctx context.Context, c caller, r *api.BatchMeterUsageRequest) (*api.BatchMeterUsageResult, error) {
	request := struct {
		UsageRecords []wireRecord
		ProductCode  *string `json:",omitzero"`
	}{make([]wireRecord, len(r.UsageRecords)), r.ProductCode}
	for i, u := range r.UsageRecords {
		request.UsageRecords[i] = wireRecord{
			wireTime{*u.Timestamp, m.dialect}, u.Dimension, u.CustomerIdentifier, u.CustomerAWSAccountId, u.LicenseArn, u.Quantity, u.UsageAllocations,
		}
	}
	var answer struct {
		Results []struct {
			UsageRecord      wireRecord
			MeteringRecordId string
			Status           api.UsageRecordResultStatus
		}
		UnprocessedRecords []wireRecord
	}
	if err := m.call(ctx, c, api.BatchMeterUsage, request, &answer); err != nil {
		return nil, err
	}
	if answer.Results == nil || answer.UnprocessedRecords == nil {
		return nil, fmt.Errorf("a list is missing in the answer %+v", answer)
	}
	result := new(api.BatchMeterUsageResult)
	for _, x := range answer.Results {
		result.Results = append(result.Results, api.UsageRecordResult{UsageRecord: x.UsageRecord.record(), MeteringRecordId: x.MeteringRecordId, Status: x.Status})
	}
	for _, x := range answer.UnprocessedRecords {
		result.UnprocessedRecords = append(result.UnprocessedRecords, x.record())
	}
	return result, nil
}

func (m *httpMount) meterUsage(ctx context.Context, c caller, r *api.MeterUsageRequest) (*api.MeterUsageResult, error) {
	request := struct {
		ProductCode      *string
		Timestamp        wireTime
		UsageDimension   *string
		UsageQuantity    *int64                `json:",omitzero"`
		DryRun           *bool                 `json:",omitzero"`
		UsageAllocations []api.UsageAllocation `json:",omitzero"`
		ClientToken      *string               `json:",omitzero"`
	}{r.ProductCode, wireTime{*r.Timestamp, m.dialect}, r.UsageDimension, r.UsageQuantity, r.DryRun, r.UsageAllocations, r.ClientToken}
	result := new(api.MeterUsageResult)
	return result, m.call(ctx, c, api.MeterUsage, request, result)
}

func (m *httpMount) registerUsage(ctx context.Context, c caller, r *api.RegisterUsageRequest) (*api.RegisterUsageResult, error) {
	request := struct {
		ProductCode      *string
		PublicKeyVersion *int64
		Nonce            *string `json:",omitzero"`
	}{r.ProductCode, r.PublicKeyVersion, r.Nonce}
	var answer struct {
		Signature                  string
		PublicKeyRotationTimestamp *wireTime
	}
	if err := m.call(ctx, c, api.RegisterUsage, request, &answer); err != nil {
		return nil, err
	}
	result := &api.RegisterUsageResult{Signature: answer.Signature}
	if answer.PublicKeyRotationTimestamp != nil {
		result.PublicKeyRotationTimestamp = &answer.PublicKeyRotationTimestamp.Time
	}
	return result, nil
}

func (m *httpMount) resolveCustomer(ctx context.Context, c caller, r *api.ResolveCustomerRequest) (*api.ResolveCustomerResult, error) {
	result := new(api.ResolveCustomerResult)
	return result, m.call(ctx, c, api.ResolveCustomer, r, result)
}
