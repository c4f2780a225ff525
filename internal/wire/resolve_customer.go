package wire

import "github.com/meterd/meterd/api"

// DecodeResolveCustomer reads the body of a ResolveCustomer.
func DecodeResolveCustomer(body string, d Dialect) (*api.ResolveCustomerRequest, *api.Error) {
	dec := newDecoder(body, d)
	r := new(api.ResolveCustomerRequest)
	for key := range dec.document {
		switch key {
		case "RegistrationToken":
			r.RegistrationToken = dec.string()
		default:
			dec.skip()
		}
	}
	if dec.err != nil {
		return nil, dec.err
	}
	return r, nil
}

// AppendResolveCustomer writes the answer to a ResolveCustomer.
func AppendResolveCustomer(dst []byte, r *api.ResolveCustomerResult, _ Dialect) []byte {
	dst = append(dst, '{')
	dst = appendText(dst, "CustomerAWSAccountId", r.CustomerAWSAccountId)
	dst = appendText(dst, "CustomerIdentifier", r.CustomerIdentifier)
	dst = appendText(dst, "LicenseArn", r.LicenseArn)
	dst = appendText(dst, "ProductCode", r.ProductCode)
	return append(dst, '}')
}
