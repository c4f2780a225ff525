package catalog

import (
	"strings"

	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/metering"
	"github.com/meterd/meterd/internal/mistake"
)

var credentialKeys = keys{
	names: []string{
		"accessKeyId", "secretAccessKey", "sessionToken", "expiresAt", "apiKey", "anonymous",
		"user", "role", "session", "platform", "resource", "region", "allow", "deny",
	},
	besideSecrets: true,
}

func credential(v value, owner metering.AccountID) marketplace.Credential {
	o, ok := v.object(credentialKeys)
	if !ok {
		return marketplace.Credential{}
	}
	c := marketplace.Credential{
		Deny:  texts[string](o, "deny", action),
		Allow: texts[string](o, "allow", action),
	}
	if o.has("allow") && c.Allow == nil {
		c.Allow = []string{} // nothing is allowed, which is not the default
	}
	readProof(o, &c)
	readPrincipal(o, &c)
	readPlace(o, &c, owner)
	return c
}

// readProof reads what the credential proves itself with: one of a key pair,
// an API key and nothing at all.
func readProof(o object, c *marketplace.Credential) {
	anonymous, ok := o.truth("anonymous")
	if !ok {
		return
	}
	c.Anonymous = anonymous
	keyPair := o.has("accessKeyId") || o.has("secretAccessKey")
	switch proofs := count(keyPair, o.has("apiKey"), c.Anonymous); {
	case proofs == 0:
		o.mistake("the credential proves nothing; give it accessKeyId and secretAccessKey, or apiKey, or anonymous: true")
	case proofs > 1:
		o.mistake("the credential has %d proofs; keep one of accessKeyId with secretAccessKey, apiKey, and anonymous: true", proofs)
	case keyPair:
		c.AccessKeyID = required[string](o, "accessKeyId", accessKeyID)
		c.SecretAccessKey = required[string](o, "secretAccessKey", secretAccessKey)
	case c.Anonymous:
		if line, ok := o.taken(name{sort: "anonymous"}); ok {
			o.mistake("an anonymous credential stands in line %d already; keep one", line)
		}
	default:
		c.APIKey = required[string](o, "apiKey", apiKey)
	}
	o.at("accessKeyId").once("accessKeyId", c.AccessKeyID)
	o.at("apiKey").secretOnce("apiKey", c.APIKey)
	readSession(o, c, keyPair)
}

// readSession reads the end of a key pair that does not last.
func readSession(o object, c *marketplace.Credential, keyPair bool) {
	c.SessionToken = optional[string](o, "sessionToken", sessionToken)
	c.ExpiresAt = o.time("expiresAt")
	switch {
	case o.has("sessionToken") && !keyPair:
		o.at("sessionToken").mistake("a session token goes with a key pair; add accessKeyId and secretAccessKey, or remove it")
	case o.has("expiresAt") && !o.has("sessionToken"):
		o.at("expiresAt").mistake("only a session ends; add sessionToken, or remove expiresAt")
	}
}

// readPrincipal reads who the credential is: a user, or a role's session as
// everything is that runs on a platform.
func readPrincipal(o object, c *marketplace.Credential) {
	c.User = optional[string](o, "user", principalName)
	c.Role = optional[string](o, "role", principalName)
	c.Session = optional[string](o, "session", principalName)
	switch {
	case o.has("user") && (o.has("role") || o.has("session")):
		o.at("user").mistake("the credential is a user and a role's session at once; keep user, or role and session")
	case o.has("user") && o.has("platform"):
		o.at("user").mistake("what runs on a platform has a role, not a user; write role in place of user")
	case o.has("session") && !o.has("role") && !o.has("platform"):
		o.at("session").mistake("a session is that of a role; add role")
	}
}

// readPlace reads where the credential was delivered to. Sellers have such
// credentials too: they try their products out with them (M0159).
func readPlace(o object, c *marketplace.Credential, owner metering.AccountID) {
	c.Platform = optional[marketplace.Platform](o, "platform", platform)
	c.Region = optional[metering.Region](o, "region", region)
	switch {
	case o.has("platform"):
		c.Resource = required[metering.Resource](o, "resource", resourceARN)
		checkResource(o, *c, owner)
	case o.has("resource"):
		o.at("resource").mistake("a resource runs on a platform; add platform, one of %s", wordList(marketplace.Platforms, "or"))
	case o.has("region"):
		o.at("region").mistake("only what runs on a platform is in a Region; add platform and resource, or remove region")
	}
}

// checkResource reports a resource that contradicts its credential.
func checkResource(o object, c marketplace.Credential, owner metering.AccountID) {
	if c.Resource == "" {
		return // it was wrong or missing
	}
	v := o.at("resource")
	parts := strings.SplitN(string(c.Resource), ":", 6)
	home, holder, what := metering.Region(parts[3]), metering.AccountID(parts[4]), parts[5]
	switch {
	case home == "" && !o.has("region"):
		v.mistake("%s names no Region; add region", mistake.Shown(string(c.Resource)))
	case home != "" && !marketplace.RegionExists(home):
		v.mistake("%s is not an AWS Region, in %s; %s", mistake.Shown(string(home)), mistake.Shown(string(c.Resource)), region.hint)
	case home != "" && c.Region != "" && c.Region != home:
		o.at("region").mistake("%s is not the Region of the resource, %s; remove it", mistake.Shown(string(c.Region)), home)
	}
	if owner != "" && holder != owner {
		v.mistake("%s belongs to account %s, the credential to account %s; they must be the same", mistake.Shown(string(c.Resource)), holder, owner)
	}
	if c.Platform == marketplace.EC2 && !ec2Instance(what) {
		v.mistake("%s is not an instance; write one such as arn:aws:ec2:us-east-1:222233334444:instance/i-0123456789abcdef0", mistake.Shown(string(c.Resource)))
	}
}

// ec2Instance: the session of an instance's credential is named by its id.
var ec2Instance = matches(`^instance/i-[0-9a-z]{1,32}$`)

func count(truths ...bool) int {
	n := 0
	for _, t := range truths {
		if t {
			n++
		}
	}
	return n
}
