package client

import "regexp"

// partition is a part of AWS with domains of its own.
type partition struct {
	regions         *regexp.Regexp
	dnsSuffix       string
	dualStackSuffix string
	// isolated partitions name their hosts by the general rule only.
	isolated bool
	// hyphen marks the one partition whose plain hosts are spelled with it.
	hyphen bool
}

// commercial is also where a Region belongs that no partition knows, because
// most new Regions are opened there.
var commercial = partition{
	regions:         regexp.MustCompile(`^(us|eu|ap|sa|ca|me|af|il|mx)-\w+-\d+$`),
	dnsSuffix:       "amazonaws.com",
	dualStackSuffix: "api.aws",
}

var partitions = []partition{
	commercial,
	{regions: regexp.MustCompile(`^cn-\w+-\d+$|^aws-cn-global$`), dnsSuffix: "amazonaws.com.cn", dualStackSuffix: "api.amazonwebservices.com.cn"},
	{regions: regexp.MustCompile(`^eusc-de-\w+-\d+$`), dnsSuffix: "amazonaws.eu", dualStackSuffix: "api.amazonwebservices.eu", isolated: true, hyphen: true},
	{regions: regexp.MustCompile(`^us-iso-\w+-\d+$|^aws-iso-global$`), dnsSuffix: "c2s.ic.gov", dualStackSuffix: "api.aws.ic.gov", isolated: true},
	{regions: regexp.MustCompile(`^us-isob-\w+-\d+$|^aws-iso-b-global$`), dnsSuffix: "sc2s.sgov.gov", dualStackSuffix: "api.aws.scloud", isolated: true},
	{regions: regexp.MustCompile(`^eu-isoe-\w+-\d+$|^aws-iso-e-global$`), dnsSuffix: "cloud.adc-e.uk", dualStackSuffix: "api.cloud-aws.adc-e.uk", isolated: true},
	{regions: regexp.MustCompile(`^us-isof-\w+-\d+$|^aws-iso-f-global$`), dnsSuffix: "csp.hci.ic.gov", dualStackSuffix: "api.aws.hci.ic.gov", isolated: true},
	{regions: regexp.MustCompile(`^us-gov-\w+-\d+$|^aws-us-gov-global$`), dnsSuffix: "amazonaws.com", dualStackSuffix: "api.aws"},
}

func partitionOf(region string) partition {
	for _, p := range partitions {
		if p.regions.MatchString(region) {
			return p
		}
	}
	return commercial
}
