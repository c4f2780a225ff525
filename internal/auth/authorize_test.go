package auth

import (
	"errors"
	"testing"

	"github.com/meterd/meterd/internal/marketplace"
)

func TestAuthorize(t *testing.T) {
	const (
		action  = "aws-marketplace:MeterUsage"
		refused = "AccessDeniedException: User: arn:aws:iam::111122223333:user/app is not authorized to perform: aws-marketplace:MeterUsage"
		unasked = refused + " because no identity-based policy allows the aws-marketplace:MeterUsage action"
		denied  = refused + " with an explicit deny in an identity-based policy"
	)
	for name, test := range map[string]struct {
		allow, deny []string
		want        string
	}{
		"no policy":                         {nil, nil, ""},
		"an empty policy":                   {[]string{}, nil, unasked},
		"the action":                        {[]string{action}, nil, ""},
		"the action in another case":        {[]string{"AWS-Marketplace:meterusage"}, nil, ""},
		"another action":                    {[]string{"aws-marketplace:BatchMeterUsage"}, nil, unasked},
		"one of several":                    {[]string{"s3:*", action}, nil, ""},
		"all actions":                       {[]string{"*"}, nil, ""},
		"all actions of the service":        {[]string{"aws-marketplace:*"}, nil, ""},
		"all of another service":            {[]string{"s3:*"}, nil, unasked},
		"a star in front":                   {[]string{"*:MeterUsage"}, nil, ""},
		"a star in the middle":              {[]string{"aws-*:Meter*"}, nil, ""},
		"stars that need to look again":     {[]string{"*e*e*Usage"}, nil, ""},
		"a star for nothing":                {[]string{"aws-marketplace:MeterUsage*"}, nil, ""},
		"a question mark":                   {[]string{"aws-marketplace:?eterUsage"}, nil, ""},
		"a question mark for nothing":       {[]string{"aws-marketplace:MeterUsage?"}, nil, unasked},
		"the beginning only":                {[]string{"aws-marketplace:Meter"}, nil, unasked},
		"the service's old name":            {[]string{"meteringmarketplace:*"}, nil, unasked},
		"denied":                            {nil, []string{action}, denied},
		"denied by a star":                  {[]string{"*"}, []string{"*:Meter*"}, denied},
		"allowed and denied":                {[]string{action}, []string{action}, denied},
		"denied what is not allowed either": {[]string{}, []string{"*"}, denied},
		"denied something else":             {nil, []string{"aws-marketplace:BatchMeterUsage"}, ""},
	} {
		p := marketplace.Principal{Account: "111122223333", Credential: &marketplace.Credential{User: "app", Allow: test.allow, Deny: test.deny}}
		err := Authorize(p, action)
		if got := text(err); got != test.want {
			t.Errorf("%s: got  %s\nwant %s", name, got, test.want)
		}
		if refusal := new(Error); err != nil && (!errors.As(err, &refusal) || refusal.Code != "AccessDeniedException") {
			t.Errorf("%s: %v is no *Error", name, err)
		}
	}
}

// TestRefusalsNameThePrincipal as policies know it: who runs on a platform is
// the session of a role.
func TestRefusalsNameThePrincipal(t *testing.T) {
	const because = " is not authorized to perform: x:y because no identity-based policy allows the x:y action"
	for want, c := range map[string]marketplace.Credential{
		"arn:aws:iam::222233334444:user/user":                                    {},
		"arn:aws:sts::222233334444:assumed-role/app/session":                     {Role: "app"},
		"arn:aws:sts::222233334444:assumed-role/app/me":                          {Role: "app", Session: "me"},
		"arn:aws:sts::222233334444:assumed-role/meterd-ec2/i-0123456789abcdef0":  {Platform: marketplace.EC2, Resource: "arn:aws:ec2:us-east-1:222233334444:instance/i-0123456789abcdef0"},
		"arn:aws:sts::222233334444:assumed-role/vendor/0123456789abcdef01234567": {Platform: marketplace.ECS, Role: "vendor", Resource: "arn:aws:ecs:us-east-1:222233334444:task/demo/0123456789abcdef01234567"},
	} {
		err := Authorize(marketplace.Principal{Account: "222233334444", Credential: &c}, "x:y")
		if got := text(err); got != "AccessDeniedException: User: "+want+because {
			t.Errorf("got %s\nwant %s", got, want)
		}
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
