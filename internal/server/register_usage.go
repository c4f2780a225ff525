package server

import (
	"context"

	"github.com/meterd/meterd/api"
	"github.com/meterd/meterd/internal/ledger"
	"github.com/meterd/meterd/internal/metering"
)

func (s *Server) registerUsage(ctx context.Context, x *exchange, r *api.RegisterUsageRequest) (*api.RegisterUsageResult, error) {
	registration, err := s.ledger.RegisterUsage(ctx, x.call, ledger.RegisterUsage{
		Product:          metering.ProductCode(*r.ProductCode),
		PublicKeyVersion: *r.PublicKeyVersion,
		Nonce:            r.Nonce,
	})
	if err != nil {
		return nil, err
	}
	result := &api.RegisterUsageResult{Signature: registration.Signature}
	if !registration.RotatedAt.IsZero() {
		result.PublicKeyRotationTimestamp = &registration.RotatedAt
	}
	return result, nil
}
