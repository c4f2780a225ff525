package marketplace

import (
	"slices"
	"strings"

	"github.com/meterd/meterd/internal/metering"
)

// M0190: where each call is enabled. SaaS calls and MeterUsage on EC2 share
// the commercial list; containers know a shorter one. M0192: so does
// RegisterUsage, and AgentCore is taken to be where EC2 is.
var (
	containerRegions = regions("us-east-1 us-east-2 us-west-1 us-west-2 ca-central-1 sa-east-1 eu-west-1 eu-west-2 eu-west-3 eu-central-1 eu-north-1 ap-east-1 ap-south-1 ap-northeast-1 ap-northeast-2 ap-southeast-1 ap-southeast-2")

	commercialRegions = append(regions("eu-central-2 eu-south-1 eu-south-2 me-south-1 me-central-1 il-central-1 af-south-1 ap-south-2 ap-northeast-3 ap-southeast-3 ap-southeast-4"), containerRegions...)

	saasRegions = append(regions("cn-northwest-1 eusc-de-east-1"), commercialRegions...)
	ec2Regions  = append(regions("us-gov-east-1 us-gov-west-1"), commercialRegions...)

	// otherRegions exist, so that a signature may name them, but have no
	// metering endpoint that is known of.
	otherRegions = regions("ap-southeast-5 ap-southeast-6 ap-southeast-7 ap-east-2 ca-west-1 mx-central-1 cn-north-1")
)

func regions(list string) []metering.Region {
	var all []metering.Region
	for _, name := range strings.Fields(list) {
		all = append(all, metering.Region(name))
	}
	return all
}

// RegionExists reports whether AWS has a Region of that name.
func RegionExists(r metering.Region) bool {
	return slices.Contains(saasRegions, r) || slices.Contains(ec2Regions, r) || slices.Contains(otherRegions, r)
}

// CheckSaaSRegion refuses BatchMeterUsage and ResolveCustomer where they are
// not enabled.
func CheckSaaSRegion(r metering.Region) *metering.Refusal { return checkRegion(r, saasRegions) }

// CheckContainerRegion refuses RegisterUsage where it is not enabled.
func CheckContainerRegion(r metering.Region) *metering.Refusal {
	return checkRegion(r, containerRegions)
}

func checkRegion(r metering.Region, enabled []metering.Region) *metering.Refusal {
	if slices.Contains(enabled, r) {
		return nil
	}
	return metering.Refuse(metering.RuleRegionDisabled, "Region %s has no such call; use one of %s.", r, join(enabled))
}

// checkRegion refuses a Region that the product is not enabled in.
func (p *Product) checkRegion(r metering.Region) *metering.Refusal {
	if len(p.Regions) == 0 {
		return nil
	}
	return checkRegion(r, p.Regions)
}

func join[T ~string](list []T) string {
	words := make([]string, len(list))
	for i, x := range list {
		words[i] = string(x)
	}
	return strings.Join(words, ", ")
}
