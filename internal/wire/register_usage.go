package wire

import "github.com/meterd/meterd/api"

// DecodeRegisterUsage reads the body of a RegisterUsage.
func DecodeRegisterUsage(body string, d Dialect) (*api.RegisterUsageRequest, *api.Error) {
	dec := newDecoder(body, d)
	r := new(api.RegisterUsageRequest)
	for key := range dec.document {
		switch key {
		case "ProductCode":
			r.ProductCode = dec.string()
		case "PublicKeyVersion":
			r.PublicKeyVersion = dec.integer()
		case "Nonce":
			r.Nonce = dec.string()
		default:
			dec.skip()
		}
	}
	if dec.err != nil {
		return nil, dec.err
	}
	return r, nil
}

// AppendRegisterUsage writes the answer to a RegisterUsage.
func AppendRegisterUsage(dst []byte, r *api.RegisterUsageResult, d Dialect) []byte {
	dst = append(dst, '{')
	if r.PublicKeyRotationTimestamp != nil {
		dst = appendKey(dst, "PublicKeyRotationTimestamp")
		dst = appendTime(dst, *r.PublicKeyRotationTimestamp, d)
	}
	dst = appendText(dst, "Signature", r.Signature)
	return append(dst, '}')
}
