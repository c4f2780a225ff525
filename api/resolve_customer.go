package api

// ResolveCustomerRequest exchanges the token that a buyer's browser brought to
// the seller's registration page for the identity of that buyer.
type ResolveCustomerRequest struct {
	// RegistrationToken is the form value x-amzn-marketplace-token, decoded
	// once. Required, not empty.
	RegistrationToken *string
}

// ResolveCustomerResult answers a ResolveCustomerRequest. Empty members are
// not sent: products made after 2026-06-01 have no CustomerIdentifier.
type ResolveCustomerResult struct {
	CustomerIdentifier   string
	ProductCode          string
	CustomerAWSAccountId string
	LicenseArn           string
}
