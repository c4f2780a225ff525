package server

import (
	"context"

	"github.com/meterd/meterd/api"
)

func (s *Server) resolveCustomer(ctx context.Context, x *exchange, r *api.ResolveCustomerRequest) (*api.ResolveCustomerResult, error) {
	customer, err := s.ledger.ResolveCustomer(ctx, x.call, *r.RegistrationToken)
	if err != nil {
		return nil, err
	}
	return &api.ResolveCustomerResult{
		CustomerIdentifier:   string(customer.Customer),
		ProductCode:          string(customer.Product),
		CustomerAWSAccountId: string(customer.Account),
		LicenseArn:           string(customer.License),
	}, nil
}
