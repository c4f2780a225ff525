package wire

import "github.com/meterd/meterd/api"

// usageRecords reads a list of records. Here and below, an empty list is not
// nil, and null is: the service tells them apart.
func (d *decoder) usageRecords() []api.UsageRecord {
	if d.null() {
		return nil
	}
	list := make([]api.UsageRecord, 0, min(d.room(recordBytes), api.RecordsMax))
	for range d.elements {
		list = append(list, d.usageRecord())
	}
	return list
}

func (d *decoder) usageRecord() (r api.UsageRecord) {
	for key := range d.members {
		switch key {
		case "Timestamp":
			r.Timestamp = d.timestamp()
		case "Dimension":
			r.Dimension = d.string()
		case "CustomerIdentifier":
			r.CustomerIdentifier = d.string()
		case "CustomerAWSAccountId":
			r.CustomerAWSAccountId = d.string()
		case "LicenseArn":
			r.LicenseArn = d.string()
		case "Quantity":
			r.Quantity = d.integer()
		case "UsageAllocations":
			r.UsageAllocations = d.usageAllocations()
		default:
			d.skip()
		}
	}
	return r
}

// usageAllocations reads a list of allocations. No record's list is open while
// another's is read, so that all can be cut from one slice, which keeps its
// older parts when it grows.
func (d *decoder) usageAllocations() []api.UsageAllocation {
	if d.null() {
		return nil
	}
	if d.allocations == nil {
		d.allocations = make([]api.UsageAllocation, 0, d.room(allocationBytes))
	}
	start := len(d.allocations)
	for range d.elements {
		d.allocations = append(d.allocations, d.usageAllocation())
	}
	end := len(d.allocations)
	return d.allocations[start:end:end]
}

func (d *decoder) usageAllocation() (a api.UsageAllocation) {
	for key := range d.members {
		switch key {
		case "AllocatedUsageQuantity":
			a.AllocatedUsageQuantity = d.integer()
		case "Tags":
			a.Tags = d.tagList()
		default:
			d.skip()
		}
	}
	return a
}

func (d *decoder) tagList() []api.Tag {
	if d.null() {
		return nil
	}
	if d.tags == nil {
		d.tags = make([]api.Tag, 0, d.room(tagBytes))
	}
	start := len(d.tags)
	for range d.elements {
		d.tags = append(d.tags, d.tag())
	}
	end := len(d.tags)
	return d.tags[start:end:end]
}

func (d *decoder) tag() (t api.Tag) {
	for key := range d.members {
		switch key {
		case "Key":
			t.Key = d.string()
		case "Value":
			t.Value = d.string()
		default:
			d.skip()
		}
	}
	return t
}

// appendUsageRecord echoes a record: what was absent stays absent, what was
// empty stays empty. Members stand in alphabetical order.
func appendUsageRecord(dst []byte, r *api.UsageRecord, d Dialect) []byte {
	dst = append(dst, '{')
	dst = appendOptional(dst, "CustomerAWSAccountId", r.CustomerAWSAccountId)
	dst = appendOptional(dst, "CustomerIdentifier", r.CustomerIdentifier)
	dst = appendOptional(dst, "Dimension", r.Dimension)
	dst = appendOptional(dst, "LicenseArn", r.LicenseArn)
	dst = appendInteger(dst, "Quantity", r.Quantity)
	if r.Timestamp != nil {
		dst = appendKey(dst, "Timestamp")
		dst = appendTime(dst, *r.Timestamp, d)
	}
	if r.UsageAllocations != nil {
		dst = appendKey(dst, "UsageAllocations")
		dst = appendUsageAllocations(dst, r.UsageAllocations)
	}
	return append(dst, '}')
}

func appendUsageAllocations(dst []byte, list []api.UsageAllocation) []byte {
	dst = append(dst, '[')
	for i := range list {
		dst = appendComma(dst, i)
		dst = append(dst, '{')
		dst = appendInteger(dst, "AllocatedUsageQuantity", list[i].AllocatedUsageQuantity)
		if list[i].Tags != nil {
			dst = appendKey(dst, "Tags")
			dst = appendTags(dst, list[i].Tags)
		}
		dst = append(dst, '}')
	}
	return append(dst, ']')
}

func appendTags(dst []byte, list []api.Tag) []byte {
	dst = append(dst, '[')
	for i := range list {
		dst = appendComma(dst, i)
		dst = append(dst, '{')
		dst = appendOptional(dst, "Key", list[i].Key)
		dst = appendOptional(dst, "Value", list[i].Value)
		dst = append(dst, '}')
	}
	return append(dst, ']')
}
