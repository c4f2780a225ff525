package api_test

import (
	"fmt"
	"math"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"github.com/meterd/meterd/api"
)

// document is what these tests read of openapi.yaml.
type document struct {
	Paths map[string]struct {
		Post operation `yaml:"post"`
	} `yaml:"paths"`
	Components struct {
		Schemas   map[string]*schema  `yaml:"schemas"`
		Responses map[string]response `yaml:"responses"`
	} `yaml:"components"`
}

type operation struct {
	OperationID string `yaml:"operationId"`
	Parameters  []struct {
		Name     string  `yaml:"name"`
		Required bool    `yaml:"required"`
		Schema   *schema `yaml:"schema"`
	} `yaml:"parameters"`
	RequestBody response            `yaml:"requestBody"`
	Responses   map[string]response `yaml:"responses"`
}

type response struct {
	Ref     string `yaml:"$ref"`
	Content map[string]struct {
		Schema *schema `yaml:"schema"`
	} `yaml:"content"`
}

type schema struct {
	Ref        string             `yaml:"$ref"`
	Type       string             `yaml:"type"`
	Format     string             `yaml:"format"`
	Pattern    string             `yaml:"pattern"`
	Enum       []string           `yaml:"enum"`
	Required   []string           `yaml:"required"`
	Properties map[string]*schema `yaml:"properties"`
	Items      *schema            `yaml:"items"`
	MinLength  int                `yaml:"minLength"`
	MaxLength  int                `yaml:"maxLength"`
	MinItems   int                `yaml:"minItems"`
	MaxItems   int                `yaml:"maxItems"`
	Minimum    *int64             `yaml:"minimum"`
	Maximum    *int64             `yaml:"maximum"`
}

// dialects maps each media type to the form that times have in it.
var dialects = map[string]schema{
	"application/json":           {Type: "string", Format: "date-time"},
	"application/x-amz-json-1.1": {Type: "number"},
}

// call is what package api says of one operation.
type call struct {
	request interface{ Violations() []api.Violation }
	result  any
}

var calls = map[api.Operation]call{
	api.BatchMeterUsage: {&api.BatchMeterUsageRequest{}, api.BatchMeterUsageResult{}},
	api.MeterUsage:      {&api.MeterUsageRequest{}, api.MeterUsageResult{}},
	api.RegisterUsage:   {&api.RegisterUsageRequest{}, api.RegisterUsageResult{}},
	api.ResolveCustomer: {&api.ResolveCustomerRequest{}, api.ResolveCustomerResult{}},
}

// anyCallExceptions are the names that a 400 may carry whatever was called:
// the front of the service uses them before it looks at the call.
var anyCallExceptions = []api.ExceptionName{
	api.AccessDeniedException,
	api.ExpiredTokenException,
	api.IncompleteSignatureException,
	api.InvalidSignatureException,
	api.MissingAuthenticationTokenException,
	api.SerializationException,
	api.UnknownOperationException,
	api.UnrecognizedClientException,
	api.ValidationException,
}

func TestOpenAPIOperations(t *testing.T) {
	doc := load(t)
	if len(doc.Paths) != len(api.Operations) {
		t.Errorf("the document has %d paths, the service %d operations", len(doc.Paths), len(api.Operations))
	}
	for _, op := range api.Operations {
		target := api.TargetPrefix + "." + string(op)
		described := doc.operation(t, op)
		if described.OperationID != string(op) {
			t.Errorf("operationId of %s is %q", op, described.OperationID)
		}
		p := described.Parameters
		if len(p) != 1 || p[0].Name != "X-Amz-Target" || !p[0].Required || !slices.Equal(p[0].Schema.Enum, []string{target}) {
			t.Errorf("%s must have the parameter X-Amz-Target: %s, has %+v", op, target, p)
		}
	}
}

func TestOpenAPIShapes(t *testing.T) {
	doc := load(t)
	for _, op := range api.Operations {
		described := doc.operation(t, op)
		for media, instant := range dialects {
			walk := shapes{t, doc, instant}
			t.Run(string(op)+" "+media, func(t *testing.T) {
				walk.compare("request", reflect.TypeOf(calls[op].request), described.RequestBody.Content[media].Schema)
				walk.compare("result", reflect.TypeOf(calls[op].result), described.Responses["200"].Content[media].Schema)
			})
		}
	}
}

// shapes compares Go types with schemas, in the dialect in which an instant
// has the given form.
type shapes struct {
	t       *testing.T
	doc     document
	instant schema
}

func (w shapes) compare(at string, typ reflect.Type, s *schema) {
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	if s = w.doc.resolve(w.t, s); s == nil {
		w.t.Errorf("%s: no schema", at)
		return
	}
	want := w.form(typ)
	if s.Type != want.Type || s.Format != want.Format || !slices.Equal(s.Enum, want.Enum) {
		w.t.Errorf("%s: schema is %s %s %v, Go's %s needs %s %s %v", at, s.Type, s.Format, s.Enum, typ, want.Type, want.Format, want.Enum)
		return
	}
	switch want.Type {
	case "array":
		w.compare(at+"[]", typ.Elem(), s.Items)
	case "object":
		w.members(at, typ, s)
	}
}

func (w shapes) members(at string, typ reflect.Type, s *schema) {
	for i := range typ.NumField() {
		f := typ.Field(i)
		w.compare(at+"."+f.Name, f.Type, s.Properties[f.Name])
	}
	for name := range s.Properties {
		if _, ok := typ.FieldByName(name); !ok {
			w.t.Errorf("%s: Go's %s has no member %s", at, typ, name)
		}
	}
}

func (w shapes) form(typ reflect.Type) schema {
	switch {
	case typ == reflect.TypeFor[time.Time]():
		return w.instant
	case typ == reflect.TypeFor[api.UsageRecordResultStatus]():
		return schema{Type: "string", Enum: []string{string(api.Success), string(api.CustomerNotSubscribed), string(api.DuplicateRecord)}}
	}
	return schema{Type: map[reflect.Kind]string{
		reflect.String: "string", reflect.Int64: "integer", reflect.Bool: "boolean", reflect.Slice: "array", reflect.Struct: "object",
	}[typ.Kind()]}
}

// The document's required lists, bounds and patterns must be those that
// Violations enforces: each member is taken away, put at its bound and pushed
// past it.
func TestOpenAPILimits(t *testing.T) {
	doc := load(t)
	for _, op := range api.Operations {
		request := calls[op].request
		v := reflect.ValueOf(request).Elem()
		fill(v)
		if found := request.Violations(); len(found) > 0 {
			t.Fatalf("the example of %s is not valid: %v", op, found)
		}
		for media := range dialects {
			t.Run(string(op)+" "+media, func(t *testing.T) {
				p := prober{t, doc, request.Violations}
				p.structure(string(op), v, doc.operation(t, op).RequestBody.Content[media].Schema)
			})
		}
	}
}

// fill sets every member of a request to something the model takes.
func fill(v reflect.Value) {
	for i := range v.NumField() {
		switch member := v.Field(i); value := member.Addr().Interface().(type) {
		case **string:
			*value = new("1")
			if v.Type().Field(i).Name == "LicenseArn" {
				*value = new("arn:aws:license-manager::111122223333:license:l-1")
			}
		case **int64:
			*value = new(int64(1))
		case **bool:
			*value = new(true)
		case **time.Time:
			*value = new(time.Unix(1_788_258_030, 0))
		default:
			member.Set(reflect.MakeSlice(member.Type(), 1, 1))
			fill(member.Index(0))
		}
	}
}

type prober struct {
	t          *testing.T
	doc        document
	violations func() []api.Violation
}

func (p prober) structure(at string, v reflect.Value, s *schema) {
	s = p.doc.resolve(p.t, s)
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		member, at := v.Field(i), at+"."+name
		required := p.found(member, reflect.Zero(member.Type()), "must not be null")
		if listed := slices.Contains(s.Required, name); required != listed {
			p.t.Errorf("%s: required is %v in the document, %v in Go", at, listed, required)
		}
		p.member(at, member, p.doc.resolve(p.t, s.Properties[name]))
	}
}

func (p prober) member(at string, member reflect.Value, s *schema) {
	switch member.Interface().(type) {
	case *string:
		p.text(at, member, s)
	case *int64:
		p.bound(at, member, s.Minimum, -1, "greater than or equal to ")
		p.bound(at, member, s.Maximum, +1, "less than or equal to ")
	case []api.UsageRecord:
		p.length(at, member, s.MaxItems, func(n int) any { return slices.Repeat(member.Interface().([]api.UsageRecord), n) })
		p.structure(at, member.Index(0), s.Items)
	case []api.UsageAllocation:
		p.equal(at+" minItems and maxItems", []int{s.MinItems, s.MaxItems}, []int{1, api.AllocationsMax})
		p.structure(at, member.Index(0), s.Items)
	case []api.Tag:
		p.equal(at+" minItems and maxItems", []int{s.MinItems, s.MaxItems}, []int{1, api.TagsMax})
		p.tag(at, p.doc.resolve(p.t, s.Items))
	}
}

// tagText is the model's expression for both halves of a tag, in which " -="
// is a range. The rules that check tags are not this package's.
const tagText = `^[a-zA-Z0-9+ -=._:\/@]+$`

// tag compares with constants, because Violations leaves tags to the service's
// InvalidTagException.
func (p prober) tag(at string, s *schema) {
	p.equal(at+" required", s.Required, []string{"Key", "Value"})
	for name, longest := range map[string]int{"Key": api.TagKeyCharsMax, "Value": api.TagValueCharsMax} {
		half := p.doc.resolve(p.t, s.Properties[name])
		p.equal(at+"."+name+" length", []int{half.MinLength, half.MaxLength}, []int{1, longest})
		p.equal(at+"."+name+" pattern", half.Pattern, tagText)
	}
}

func (p prober) text(at string, member reflect.Value, s *schema) {
	p.length(at, member, s.MaxLength, func(n int) any { return new(strings.Repeat("1", n)) })
	if tooShort := p.found(member, reflect.ValueOf(new("")), "length greater than or equal to 1"); tooShort != (s.MinLength == 1) {
		p.t.Errorf("%s: minLength is %d in the document, an empty text is refused: %v", at, s.MinLength, tooShort)
	}
	enforced := func(pattern string) bool {
		return p.found(member, reflect.ValueOf(new("")), pattern) || p.found(member, reflect.ValueOf(new("ü")), pattern)
	}
	const says = "regular expression pattern: "
	if s.Pattern == "" && enforced(says) || s.Pattern != "" && !enforced(says+s.Pattern) {
		p.t.Errorf("%s: pattern %q is not what Go enforces", at, s.Pattern)
	}
}

// length checks a maximum of 0, which is none, with a length that no member's
// maximum reaches.
func (p prober) length(at string, member reflect.Value, most int, sized func(n int) any) {
	if most == 0 {
		if p.found(member, reflect.ValueOf(sized(100_000)), "length less than") {
			p.t.Errorf("%s: Go has a maximum length, the document has none", at)
		}
		return
	}
	const says = "length less than or equal to "
	if p.found(member, reflect.ValueOf(sized(most)), says) || !p.found(member, reflect.ValueOf(sized(most+1)), says+strconv.Itoa(most)) {
		p.t.Errorf("%s: the maximum length %d is not what Go enforces", at, most)
	}
}

func (p prober) bound(at string, member reflect.Value, limit *int64, past int64, says string) {
	if limit == nil {
		if p.found(member, reflect.ValueOf(new(past*math.MaxInt64)), says) {
			p.t.Errorf("%s: Go has a bound (%s), the document has none", at, says)
		}
		return
	}
	if p.found(member, reflect.ValueOf(limit), says) || !p.found(member, reflect.ValueOf(new(*limit+past)), says+fmt.Sprint(*limit)) {
		p.t.Errorf("%s: the bound %d is not what Go enforces", at, *limit)
	}
}

// found reports whether the request would be refused with such a constraint if
// member had another value.
func (p prober) found(member, value reflect.Value, constraint string) bool {
	kept := reflect.ValueOf(member.Interface())
	member.Set(value)
	defer member.Set(kept)
	return slices.ContainsFunc(p.violations(), func(v api.Violation) bool { return strings.Contains(v.Constraint, constraint) })
}

func (p prober) equal(what string, described, want any) {
	if diff := cmp.Diff(want, described); diff != "" {
		p.t.Errorf("%s (-Go +document):\n%s", what, diff)
	}
}

func TestOpenAPIExceptions(t *testing.T) {
	doc := load(t)
	for _, op := range api.Operations {
		want := map[string][]string{}
		for _, e := range api.Exceptions {
			if slices.Contains(e.Operations, op) {
				want[strconv.Itoa(e.Status)] = append(want[strconv.Itoa(e.Status)], string(e.Name))
			}
		}
		for _, name := range anyCallExceptions {
			want["400"] = append(want["400"], string(name))
		}
		for media := range dialects {
			got := doc.exceptions(t, op, media)
			for status := range want {
				slices.Sort(want[status])
				want[status] = slices.Compact(want[status])
				slices.Sort(got[status])
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s in %s (-Go +document):\n%s", op, media, diff)
			}
		}
	}
}

// exceptions returns the names under each status that an error can have.
func (d document) exceptions(t *testing.T, op api.Operation, media string) map[string][]string {
	names := map[string][]string{}
	for status, r := range d.operation(t, op).Responses {
		if status == "200" || status == "default" {
			continue
		}
		if r.Ref != "" {
			r = d.Components.Responses[strings.TrimPrefix(r.Ref, "#/components/responses/")]
		}
		refusal := d.resolve(t, r.Content[media].Schema)
		if refusal == nil || refusal.Properties["message"] == nil {
			t.Fatalf("%s: the %s of %s has no schema with __type and message", op, status, media)
		}
		names[status] = slices.Clone(refusal.Properties["__type"].Enum)
	}
	return names
}

func (d document) operation(t *testing.T, op api.Operation) operation {
	t.Helper()
	path, ok := d.Paths["/#X-Amz-Target="+api.TargetPrefix+"."+string(op)]
	if !ok {
		t.Fatalf("the document has no path for %s", op)
	}
	return path.Post
}

// resolve follows a schema's reference, if it is one.
func (d document) resolve(t *testing.T, s *schema) *schema {
	t.Helper()
	if s == nil || s.Ref == "" {
		return s
	}
	target, ok := d.Components.Schemas[strings.TrimPrefix(s.Ref, "#/components/schemas/")]
	if !ok {
		t.Fatalf("the document refers to %s, which is not there", s.Ref)
	}
	return target
}

func load(t *testing.T) document {
	t.Helper()
	text, err := os.ReadFile("openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var doc document
	if err := yaml.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}
