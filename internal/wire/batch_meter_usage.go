package wire

import "github.com/meterd/meterd/api"

// DecodeBatchMeterUsage reads the body of a BatchMeterUsage. As with all four,
// the request's texts are parts of body and keep it in memory: clone what is
// to outlive the call.
func DecodeBatchMeterUsage(body string, d Dialect) (*api.BatchMeterUsageRequest, *api.Error) {
	dec := newDecoder(body, d)
	r := new(api.BatchMeterUsageRequest)
	for key := range dec.document {
		switch key {
		case "UsageRecords":
			r.UsageRecords = dec.usageRecords()
		case "ProductCode":
			r.ProductCode = dec.string()
		default:
			dec.skip()
		}
	}
	if dec.err != nil {
		return nil, dec.err
	}
	return r, nil
}

// AppendBatchMeterUsage writes the answer to a BatchMeterUsage. Both lists are
// always there, because SDK users loop over them unasked.
func AppendBatchMeterUsage(dst []byte, r *api.BatchMeterUsageResult, d Dialect) []byte {
	dst = append(dst, `{"Results":[`...)
	for i := range r.Results {
		dst = appendComma(dst, i)
		dst = appendUsageRecordResult(dst, &r.Results[i], d)
	}
	dst = append(dst, `],"UnprocessedRecords":[`...)
	for i := range r.UnprocessedRecords {
		dst = appendComma(dst, i)
		dst = appendUsageRecord(dst, &r.UnprocessedRecords[i], d)
	}
	return append(dst, `]}`...)
}

func appendUsageRecordResult(dst []byte, r *api.UsageRecordResult, d Dialect) []byte {
	dst = append(dst, '{')
	dst = appendText(dst, "MeteringRecordId", r.MeteringRecordId)
	dst = appendText(dst, "Status", string(r.Status))
	dst = appendKey(dst, "UsageRecord")
	dst = appendUsageRecord(dst, &r.UsageRecord, d)
	return append(dst, '}')
}
