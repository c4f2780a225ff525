package sender

import (
	"strings"
	"testing"

	"github.com/meterd/meterd/internal/metering"
	"github.com/meterd/meterd/internal/outbox"
)

func TestVerdicts(t *testing.T) {
	r := &outbox.Record{Fate: outbox.Fate{Attempts: 2, LastSent: noon}}
	if text := sentBefore(r, true); !strings.Contains(text, "2 times before, last at 2026-11-22T12:00:00Z") {
		t.Error(text)
	}
	if text := sentBefore(&outbox.Record{}, true); !strings.Contains(text, "may have been billed") {
		t.Errorf("of an attempt just before: %s", text)
	}
	if text := sentBefore(&outbox.Record{}, false); text != "" {
		t.Errorf("of a record that was never sent: %s", text)
	}
	usage := usageOf(&outbox.Record{Timestamp: noon, Quantity: 3, Allocations: []metering.Allocation{{Quantity: 3}}})
	if usage.CustomerIdentifier != nil || *usage.Quantity != 3 || len(usage.UsageAllocations) != 1 || usage.UsageAllocations[0].Tags != nil {
		t.Errorf("%+v", usage)
	}
}
