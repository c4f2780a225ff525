package wire

import (
	"fmt"
	"strings"
	"testing"

	"github.com/meterd/meterd/api"
)

// fullBatch is a batch of the size that a busy seller sends: 25 records with
// no allocations, 2.6 kB.
func fullBatch() string {
	records := make([]string, api.RecordsMax)
	for i := range records {
		records[i] = fmt.Sprintf(`{"CustomerIdentifier":"cust-%05d","Dimension":"requests","Quantity":%d,"Timestamp":1795307445.123}`, i, i*37)
	}
	return `{"ProductCode":"prod-abc123","UsageRecords":[` + strings.Join(records, ",") + `]}`
}

func BenchmarkDecodeBatch(b *testing.B) {
	body := fullBatch()
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := DecodeBatchMeterUsage(body, AWSJSON); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeMeterUsage(b *testing.B) {
	const body = `{"ClientToken":"8f049d4d-dd93-43b4-9365-7eb77b8a46d5","DryRun":false,"ProductCode":"prod-abc123","Timestamp":1795307445.123,"UsageDimension":"users","UsageQuantity":3}`
	b.ReportAllocs()
	for b.Loop() {
		if _, err := DecodeMeterUsage(body, AWSJSON); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncodeBatch(b *testing.B) {
	request, err := DecodeBatchMeterUsage(fullBatch(), AWSJSON)
	if err != nil {
		b.Fatal(err)
	}
	result := &api.BatchMeterUsageResult{}
	for _, record := range request.UsageRecords {
		result.Results = append(result.Results, api.UsageRecordResult{
			UsageRecord: record, MeteringRecordId: "8f049d4d-dd93-43b4-9365-7eb77b8a46d5", Status: api.Success,
		})
	}
	for _, dialect := range []Dialect{AWSJSON, PlainJSON} {
		b.Run(dialect.String(), func(b *testing.B) {
			var dst []byte
			b.ReportAllocs()
			for b.Loop() {
				dst = AppendBatchMeterUsage(dst[:0], result, dialect)
			}
			b.SetBytes(int64(len(dst)))
		})
	}
}

func BenchmarkTimeOfText(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := timeOfText("2026-11-22T00:30:45.123Z"); !ok {
			b.Fatal("refused")
		}
	}
}

// TestDecodingAllocatesInSlabs holds the number of allocations of a batch,
// which would be over a hundred with one for each value.
func TestDecodingAllocatesInSlabs(t *testing.T) {
	const allocationsMax = 8
	body := fullBatch()
	n := testing.AllocsPerRun(20, func() {
		if _, err := DecodeBatchMeterUsage(body, AWSJSON); err != nil {
			t.Fatal(err)
		}
	})
	if n > allocationsMax {
		t.Errorf("decoding 25 records takes %v allocations, want at most %d", n, allocationsMax)
	}
	request, err := DecodeBatchMeterUsage(body, AWSJSON)
	if err != nil {
		t.Fatal(err)
	}
	result := &api.BatchMeterUsageResult{Results: []api.UsageRecordResult{{UsageRecord: request.UsageRecords[0]}}}
	dst := make([]byte, 0, 1024)
	if n := testing.AllocsPerRun(20, func() { AppendBatchMeterUsage(dst, result, PlainJSON) }); n > 0 {
		t.Errorf("encoding into a buffer takes %v allocations", n)
	}
}
