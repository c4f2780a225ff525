package wire

import "github.com/meterd/meterd/api"

// DecodeMeterUsage reads the body of a MeterUsage.
func DecodeMeterUsage(body string, d Dialect) (*api.MeterUsageRequest, *api.Error) {
	dec := newDecoder(body, d)
	r := new(api.MeterUsageRequest)
	for key := range dec.document {
		switch key {
		case "ProductCode":
			r.ProductCode = dec.string()
		case "Timestamp":
			r.Timestamp = dec.timestamp()
		case "UsageDimension":
			r.UsageDimension = dec.string()
		case "UsageQuantity":
			r.UsageQuantity = dec.integer()
		case "DryRun":
			r.DryRun = dec.boolean()
		case "UsageAllocations":
			r.UsageAllocations = dec.usageAllocations()
		case "ClientToken":
			r.ClientToken = dec.string()
		default:
			dec.skip()
		}
	}
	if dec.err != nil {
		return nil, dec.err
	}
	return r, nil
}

// AppendMeterUsage writes the answer to a MeterUsage, {} for a dry run.
func AppendMeterUsage(dst []byte, r *api.MeterUsageResult, _ Dialect) []byte {
	dst = append(dst, '{')
	dst = appendText(dst, "MeteringRecordId", r.MeteringRecordId)
	return append(dst, '}')
}
