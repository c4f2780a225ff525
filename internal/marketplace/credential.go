package marketplace

import (
	"path"
	"strings"
	"time"

	"github.com/meterd/meterd/internal/metering"
)

// Credential is something a client can prove itself with: an AWS key pair, an
// API key for clients that cannot sign, or nothing at all (Anonymous).
type Credential struct {
	AccessKeyID     string `json:"accessKeyId,omitempty"`
	SecretAccessKey string `json:"secretAccessKey,omitempty"`
	// SessionToken must come along if it is set; ExpiresAt ends it.
	SessionToken string    `json:"sessionToken,omitempty"`
	ExpiresAt    time.Time `json:"expiresAt,omitzero"`

	APIKey    string `json:"apiKey,omitempty"`
	Anonymous bool   `json:"anonymous,omitempty"`

	// User names an IAM user. Role and Session name a role session instead.
	User    string `json:"user,omitempty"`
	Role    string `json:"role,omitempty"`
	Session string `json:"session,omitempty"`

	// Platform says that the credential was delivered to a running product;
	// Resource is its ARN.
	Platform Platform          `json:"platform,omitempty"`
	Resource metering.Resource `json:"resource,omitempty"`
	// Region is where the resource runs; empty: as its ARN says.
	Region metering.Region `json:"region,omitempty"`

	// Allow lists IAM actions, with * and ?; nil allows aws-marketplace:*.
	Allow []string `json:"allow"`
	// Deny lists actions that are refused whatever Allow says.
	Deny []string `json:"deny,omitempty"`
}

// Platform is where a paid product runs.
type Platform string

const (
	EC2       Platform = "ec2"
	ECS       Platform = "ecs"
	EKS       Platform = "eks"
	AgentCore Platform = "agentcore"
)

// Platforms lists those that may stand in a catalog.
var Platforms = []Platform{EC2, ECS, EKS, AgentCore}

// Container reports whether the platform runs containers.
func (p Platform) Container() bool { return p == ECS || p == EKS }

// Principal is who a call comes from.
type Principal struct {
	Account metering.AccountID
	*Credential
}

// AssumedRole reports whether the principal is a role session, as everything
// is that runs on a platform.
func (p Principal) AssumedRole() bool { return p.Role != "" || p.Platform != "" }

// RoleName returns the name of the assumed role.
func (p Principal) RoleName() string {
	if p.Role != "" {
		return p.Role
	}
	return "meterd-" + string(p.Platform)
}

// SessionName returns the name of the role session: M0055, on EC2 the
// instance's id, which is the last part of its ARN.
func (p Principal) SessionName() string {
	if p.Session != "" {
		return p.Session
	}
	if p.Resource == "" {
		return "session"
	}
	return path.Base(string(p.Resource))
}

// UserName returns the name of the IAM user.
func (p Principal) UserName() string {
	if p.User != "" {
		return p.User
	}
	return "user"
}

// ARN returns the principal's name in policies and refusals.
func (p Principal) ARN() string {
	if p.AssumedRole() {
		return "arn:aws:sts::" + string(p.Account) + ":assumed-role/" + p.RoleName() + "/" + p.SessionName()
	}
	return "arn:aws:iam::" + string(p.Account) + ":user/" + p.UserName()
}

// ResourceRegion returns where the principal's resource runs, or "".
func (p Principal) ResourceRegion() metering.Region {
	if p.Region != "" {
		return p.Region
	}
	if parts := strings.SplitN(string(p.Resource), ":", 5); len(parts) == 5 {
		return metering.Region(parts[3])
	}
	return ""
}

// Permission is what policies say of an action.
type Permission int

const (
	// NotAllowed: no policy allows it.
	NotAllowed Permission = iota
	// Allowed by a policy.
	Allowed
	// Denied explicitly.
	Denied
)

// May evaluates the principal's policies for an action such as
// aws-marketplace:MeterUsage. M0053: a denial wins.
func (p Principal) May(action string) Permission {
	if matchesAny(p.Deny, action) {
		return Denied
	}
	allow := p.Allow
	if allow == nil {
		allow = []string{"aws-marketplace:*"}
	}
	if matchesAny(allow, action) {
		return Allowed
	}
	return NotAllowed
}

// matchesAny compares as IAM does: without case, * for any run of characters
// and ? for one.
func matchesAny(patterns []string, action string) bool {
	for _, pattern := range patterns {
		if wildcard(strings.ToLower(pattern), strings.ToLower(action)) {
			return true
		}
	}
	return false
}

// wildcard backtracks to the last star only, which is enough for patterns
// without alternatives and keeps it linear in practice.
func wildcard(pattern, s string) bool {
	p, i, star, mark := 0, 0, -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i] && pattern[p] != '*'):
			p, i = p+1, i+1
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, i
			p++
		case star >= 0:
			mark++
			p, i = star+1, mark
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}
