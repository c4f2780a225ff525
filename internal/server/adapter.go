package server

import (
	"context"

	"github.com/meterd/meterd/api"
	"github.com/meterd/meterd/internal/auth"
	"github.com/meterd/meterd/internal/wire"
)

// operations is the table of what the service can do.
var operations = map[api.Operation]operation{
	api.BatchMeterUsage: handle(wire.DecodeBatchMeterUsage, (*Server).batchMeterUsage, wire.AppendBatchMeterUsage),
	api.MeterUsage:      handle(wire.DecodeMeterUsage, (*Server).meterUsage, wire.AppendMeterUsage),
	api.RegisterUsage:   handle(wire.DecodeRegisterUsage, (*Server).registerUsage, wire.AppendRegisterUsage),
	api.ResolveCustomer: handle(wire.DecodeResolveCustomer, (*Server).resolveCustomer, wire.AppendResolveCustomer),
}

// operation answers a call that has been authenticated.
type operation func(context.Context, *Server, *exchange) *wire.Reply

// request is a decoded request that knows what the model forbids in it.
type request[T any] interface {
	*T
	Violations() []api.Violation
}

// handle climbs the upper rungs of the ladder for one operation. A call that
// is refused from here on is remembered in the audit trail: by the ledger if
// the rules refuse it, else by remember.
func handle[Req, Res any, R request[Req]](
	decode func(string, wire.Dialect) (R, *api.Error),
	call func(*Server, context.Context, *exchange, R) (*Res, error),
	encode func([]byte, *Res, wire.Dialect) []byte,
) operation {
	return func(ctx context.Context, s *Server, x *exchange) *wire.Reply {
		req, malformed := decode(x.text(), x.dialect)
		if malformed != nil {
			return s.remember(ctx, x, malformed)
		}
		if err := auth.Authorize(x.call.Principal, x.operation.Action()); err != nil {
			return s.remember(ctx, x, authError(err))
		}
		if invalid := api.ValidationError(req.Violations()); invalid != nil {
			return s.remember(ctx, x, invalid)
		}
		if !s.throttle.allow(x.call.Principal.Account, x.call.Region, x.operation) {
			return x.refuse(errThrottled)
		}
		res, err := call(s, ctx, x, req)
		if err != nil {
			return x.refuse(x.exceptionOf(err))
		}
		x.scratch.answer = encode(x.scratch.answer, res, x.dialect)
		return &wire.Reply{Status: 200, ContentType: x.dialect.ContentType(), Body: x.scratch.answer}
	}
}

// remember writes a call that did not reach the ledger's rules into the audit
// trail. Throttled calls are not: writing them would cost what throttling saves.
func (s *Server) remember(ctx context.Context, x *exchange, e *api.Error) *wire.Reply {
	if err := s.ledger.Refused(ctx, x.call, string(x.operation), string(e.Name), e.Message); err != nil {
		return x.refuse(x.exceptionOf(err))
	}
	return x.refuse(e)
}
