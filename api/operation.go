package api

// Operation is one of the four calls of the service.
type Operation string

const (
	BatchMeterUsage Operation = "BatchMeterUsage"
	MeterUsage      Operation = "MeterUsage"
	RegisterUsage   Operation = "RegisterUsage"
	ResolveCustomer Operation = "ResolveCustomer"
)

// Operations lists every call, in the order of the AWS reference.
var Operations = [...]Operation{BatchMeterUsage, MeterUsage, RegisterUsage, ResolveCustomer}

const (
	// Version is the API version all four calls belong to.
	Version = "2016-01-14"
	// TargetPrefix goes before ".<Operation>" in the X-Amz-Target header (M0004).
	TargetPrefix = "AWSMPMeteringService"
	// SigningName is the service name in a SigV4 credential scope (M0040).
	SigningName = "aws-marketplace"
)

// Known reports whether o is one of [Operations].
func (o Operation) Known() bool {
	for _, known := range Operations {
		if o == known {
			return true
		}
	}
	return false
}

// Action is the operation's name in IAM policies (M0053):
// aws-marketplace:<Operation>.
func (o Operation) Action() string { return "aws-marketplace:" + string(o) }
