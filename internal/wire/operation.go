package wire

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/meterd/meterd/api"
)

// bodyKeys are members that only one operation has. Should a body have
// several, the first of this list counts, whatever their order in the body.
var bodyKeys = [...]struct {
	key string
	op  api.Operation
}{
	{"UsageRecords", api.BatchMeterUsage},
	{"UsageDimension", api.MeterUsage},
	{"PublicKeyVersion", api.RegisterUsage},
	{"RegistrationToken", api.ResolveCustomer},
}

// OperationOf finds the operation that a request means (M0009), or the
// UnknownOperationException of M0023.
//
// An SDK says it in X-Amz-Target, or in the query parameter of the same name
// when the request is presigned. In PlainJSON the Action header and query
// parameter are read too, and at last the body's own members: a client
// generated from an OpenAPI document may leave a placeholder as the target.
// A name under the service's prefix is never overruled by a later place,
// because the caller would get something other than what it asked for.
func OperationOf(header http.Header, rawQuery, body string, d Dialect) (api.Operation, *api.Error) {
	op, settled := parseTarget(header.Get(TargetHeader))
	if !settled && d == PlainJSON {
		op, settled = parseTarget(header.Get(ActionHeader))
	}
	if !settled && rawQuery != "" {
		op, settled = operationOfQuery(rawQuery, d)
	}
	if !settled && d == PlainJSON {
		op = operationOfBody(body)
	}
	if !op.Known() {
		return "", &api.Error{Name: api.UnknownOperationException, Status: http.StatusBadRequest}
	}
	return op, nil
}

// parseTarget reads a target with or without the service's prefix; case
// matters. It is settled when no other place needs to be asked.
func parseTarget(target string) (op api.Operation, settled bool) {
	name, prefixed := strings.CutPrefix(target, api.TargetPrefix+".")
	op = api.Operation(name)
	return op, prefixed || op.Known()
}

func operationOfQuery(rawQuery string, d Dialect) (op api.Operation, settled bool) {
	// A malformed parameter is dropped: it may well be another one than ours.
	query, _ := url.ParseQuery(rawQuery)
	op, settled = parseTarget(query.Get(TargetHeader))
	if !settled && d == PlainJSON {
		op, settled = parseTarget(query.Get(ActionHeader))
	}
	return op, settled
}

// operationOfBody looks at the members of the body's object up to the first
// syntax error, which is for the decoder to report.
func operationOfBody(body string) api.Operation {
	s := scanner{text: body}
	best := len(bodyKeys)
	for key := range s.members {
		for i := range best {
			if bodyKeys[i].key == key {
				best = i
			}
		}
		s.skip()
	}
	if best == len(bodyKeys) {
		return ""
	}
	return bodyKeys[best].op
}
