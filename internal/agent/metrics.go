package agent

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are what the agent counts. What the outbox knows is read from it when
// it is asked for.
type metrics struct {
	agent            *Agent
	events, verdicts *prometheus.CounterVec
}

func newMetrics(a *Agent, registry *prometheus.Registry) *metrics {
	m := &metrics{
		agent: a,
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "meterd_agent_events_total", Help: "Events that were posted, by what became of them.",
		}, []string{"outcome"}),
		verdicts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "meterd_agent_verdicts_total", Help: "Records that got a verdict: Success, or why they are dead letters.",
		}, []string{"verdict"}),
	}
	registry.MustRegister(m, m.events, m.verdicts)
	return m
}

// took counts the events of a receipt.
func (m *metrics) took(r *Receipt) {
	m.events.WithLabelValues("accepted").Add(float64(r.Accepted))
	m.events.WithLabelValues("known").Add(float64(r.Known))
	m.events.WithLabelValues("refused").Add(float64(r.Refused))
	m.events.WithLabelValues("ignored").Add(float64(r.Ignored))
}

func gauge(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

var (
	pendingGauge  = gauge("meterd_agent_pending_records", "Records that wait to be sent.")
	deadGauge     = gauge("meterd_agent_dead_letters", "Records that need a person.")
	oldestGauge   = gauge("meterd_agent_oldest_unsent_seconds", "Age of the usage whose record must be sent next; 0 if none waits.")
	deadlineGauge = gauge("meterd_agent_deadline_seconds", "Time until the next deadline of a record; a day if none waits.")
	keysGauge     = gauge("meterd_agent_keys", "Products, customers and dimensions that are known together.")
	openGauge     = gauge("meterd_agent_open_hours", "Hours of keys that are not frozen.")
	diskGauge     = gauge("meterd_agent_outbox_bytes", "Size of the outbox on disk.")
	waitingGauge  = gauge("meterd_agent_adds_waiting", "Requests that wait for the disk.")
	readyGauge    = gauge("meterd_agent_ready", "1 if events can be accepted, else 0.")
	restingGauge  = gauge("meterd_agent_resting_products", "Products whose last call failed and that pause.", "service")
)

// Describe is Prometheus's.
func (m *metrics) Describe(descriptions chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		pendingGauge, deadGauge, oldestGauge, deadlineGauge, keysGauge, openGauge, diskGauge, waitingGauge, readyGauge, restingGauge,
	} {
		descriptions <- d
	}
}

// Collect is Prometheus's.
func (m *metrics) Collect(collected chan<- prometheus.Metric) {
	stats, err := m.agent.outbox.Stats(context.Background())
	if err != nil {
		collected <- prometheus.NewInvalidMetric(pendingGauge, err)
		return
	}
	now := m.agent.clock.Now()
	oldest, deadline, ready := time.Duration(0), noDeadline, 0.0
	if stats.Pending > 0 {
		oldest, deadline = now.Sub(stats.OldestPending), stats.NextDeadline.Sub(now)
	}
	if m.agent.unready(stats.Stopped, stats.NoRoom) == nil {
		ready = 1
	}
	for d, value := range map[*prometheus.Desc]float64{
		pendingGauge: float64(stats.Pending), deadGauge: float64(stats.Dead),
		oldestGauge: oldest.Seconds(), deadlineGauge: deadline.Seconds(),
		keysGauge: float64(stats.Keys), openGauge: float64(stats.OpenHours),
		diskGauge: float64(stats.DiskBytes), waitingGauge: float64(stats.Waiting), readyGauge: ready,
	} {
		collected <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value)
	}
	for _, l := range m.agent.lanes {
		collected <- prometheus.MustNewConstMetric(restingGauge, prometheus.GaugeValue, float64(len(l.status().Resting)), l.service)
	}
}

// noDeadline is told when nothing waits, so that "less than" alarms stay off.
const noDeadline = 24 * time.Hour
