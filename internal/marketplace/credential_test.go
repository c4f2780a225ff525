package marketplace

import (
	"testing"

	"github.com/meterd/meterd/internal/metering"
)

func TestPermissions(t *testing.T) {
	const action = "aws-marketplace:MeterUsage"
	tests := []struct {
		name        string
		allow, deny []string
		want        Permission
	}{
		{"nothing said", nil, nil, Allowed},
		{"nothing allowed", []string{}, nil, NotAllowed},
		{"all of the service", []string{"aws-marketplace:*"}, nil, Allowed},
		{"all", []string{"*"}, nil, Allowed},
		{"exactly", []string{action}, nil, Allowed},
		{"in another case", []string{"AWS-Marketplace:meterusage"}, nil, Allowed},
		{"another action", []string{"aws-marketplace:BatchMeterUsage"}, nil, NotAllowed},
		{"star in the middle", []string{"aws-marketplace:M*Usage"}, nil, Allowed},
		{"star that does not reach", []string{"aws-marketplace:*Customer"}, nil, NotAllowed},
		{"question marks", []string{"aws-marketplace:Meter?????"}, nil, Allowed},
		{"a question mark too many", []string{"aws-marketplace:Meter??????"}, nil, NotAllowed},
		{"another service", []string{"cloudtrail:*"}, nil, NotAllowed},
		{"denied and allowed", []string{"*"}, []string{"aws-marketplace:Meter*"}, Denied},
		{"another one denied", []string{"*"}, []string{"aws-marketplace:RegisterUsage"}, Allowed},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := Principal{"1", &Credential{Allow: test.allow, Deny: test.deny}}
			if got := p.May(action); got != test.want {
				t.Errorf("May = %v, want %v", got, test.want)
			}
		})
	}
}

func TestPrincipalsNames(t *testing.T) {
	tests := []struct {
		c      Credential
		arn    string
		region string
	}{
		{Credential{User: "app"}, "arn:aws:iam::222233334444:user/app", ""},
		{Credential{}, "arn:aws:iam::222233334444:user/user", ""},
		{Credential{Role: "Alice", Session: "s"}, "arn:aws:sts::222233334444:assumed-role/Alice/s", ""},
		{Credential{Role: "Alice"}, "arn:aws:sts::222233334444:assumed-role/Alice/session", ""},
		{Credential{Platform: EC2, Role: "Alice", Resource: "arn:aws:ec2:us-east-1:222233334444:instance/i-0abc"}, "arn:aws:sts::222233334444:assumed-role/Alice/i-0abc", "us-east-1"},
		{Credential{Platform: ECS, Resource: "arn:aws:ecs:eu-west-1:222233334444:task/demo/1"}, "arn:aws:sts::222233334444:assumed-role/meterd-ecs/1", "eu-west-1"},
		{Credential{Platform: EKS, Resource: "arn:aws:eks:eu-west-1:222233334444:pod/demo/1", Region: "us-west-2"}, "arn:aws:sts::222233334444:assumed-role/meterd-eks/1", "us-west-2"},
		{Credential{Platform: EKS, Resource: "pod"}, "arn:aws:sts::222233334444:assumed-role/meterd-eks/pod", ""},
	}
	for _, test := range tests {
		p := Principal{"222233334444", &test.c}
		if got := p.ARN(); got != test.arn {
			t.Errorf("ARN() = %s, want %s", got, test.arn)
		}
		if got := p.ResourceRegion(); string(got) != test.region {
			t.Errorf("ResourceRegion() of %s = %q, want %q", test.arn, got, test.region)
		}
	}
}

func TestRegions(t *testing.T) {
	for region, want := range map[string][3]bool{ // exists, SaaS, containers
		"us-east-1":      {true, true, true},
		"eu-south-2":     {true, true, false},
		"cn-northwest-1": {true, true, false},
		"us-gov-west-1":  {true, false, false},
		"mx-central-1":   {true, false, false},
		"us-west-9":      {false, false, false},
		"":               {false, false, false},
		"eusc-de-east-1": {true, true, false},
	} {
		r := metering.Region(region)
		got := [3]bool{RegionExists(r), CheckSaaSRegion(r) == nil, CheckContainerRegion(r) == nil}
		if got != want {
			t.Errorf("%q: %v, want %v", region, got, want)
		}
	}
	if n := len(containerRegions); n != 17 {
		t.Errorf("%d Regions for containers, want 17", n)
	}
	if n := len(commercialRegions); n != 28 {
		t.Errorf("%d commercial Regions, want 28", n)
	}
}
