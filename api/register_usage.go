package api

import "time"

// RegisterUsageRequest asks, at the start of a paid container, whether its
// buyer may run it, and starts the hourly metering of the task or pod.
type RegisterUsageRequest struct {
	// ProductCode is required.
	ProductCode *string
	// PublicKeyVersion names the key that the container will verify the
	// Signature with; 1 or more. Required.
	PublicKeyVersion *int64
	// Nonce comes back inside the Signature; at most [NameCharsMax] characters.
	Nonce *string
}

// RegisterUsageResult answers a RegisterUsageRequest.
type RegisterUsageResult struct {
	// PublicKeyRotationTimestamp is set when the requested key version has
	// been replaced: from then on a newer one is to be used.
	PublicKeyRotationTimestamp *time.Time
	// Signature is a JWT, PS256, with the claims productCode,
	// publicKeyVersion, nonce and iat.
	Signature string
}
