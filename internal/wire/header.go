package wire

// Headers that carry the protocol.
const (
	// TargetHeader names the operation: AWSMPMeteringService.<Operation> (M0004).
	TargetHeader = "X-Amz-Target"
	// ActionHeader names the operation for clients built by DataFire 2, which
	// send the query protocol's parameter as a header.
	ActionHeader = "Action"
	// RequestIDHeader is on every answer, spelled as the service spells it (M0013).
	// [http.Header.Set] would change the spelling; [Reply.Send] does not, and
	// whoever writes an answer by hand assigns header[RequestIDHeader] itself.
	RequestIDHeader = "x-amzn-RequestId"
)
