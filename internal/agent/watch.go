package agent

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/meterd/meterd/internal/outbox"
)

// watch calls for a person when usage is in danger. What it knows is in the
// outbox; it remembers only what it has told, so that after a crash something
// may be told twice.
type watch struct {
	agent *Agent
	hook  *webhook
	// heard is when the last event was counted, by the machine's clock.
	heard atomic.Int64

	mu sync.Mutex
	// news are records that were refused since the last look, omitted those
	// that found no room.
	news    []string
	omitted int

	// wake has the next look come at once.
	wake chan struct{}

	// told is when each alert that is on was told last, and troubled at how
	// many looks in a row there was trouble. Only look uses them.
	told     map[string]time.Time
	troubled int
}

func newWatch(a *Agent, url string) *watch {
	w := &watch{agent: a, hook: newWebhook(url, a.logger), wake: make(chan struct{}, 1), told: map[string]time.Time{}}
	w.hear()
	return w
}

// hear notes that an event was counted.
func (w *watch) hear() { w.heard.Store(time.Now().UnixNano()) }

// refused notes something to be told at the next look, which comes soon.
func (w *watch) refused(text string) {
	defer wake(w.wake)
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.news) == refusedMax {
		w.omitted++
		return
	}
	w.news = append(w.news, text)
}

// alert is something that needs a person.
type alert struct {
	name, text string
	again      time.Duration
}

// look tells what is new, what is wrong since the last look or for long, and
// what is well again.
func (w *watch) look(ctx context.Context) {
	w.tellNews(ctx)
	alerts, err := w.alerts(ctx)
	if err != nil {
		return // the turn tells of an outbox that cannot be read
	}
	on := map[string]bool{}
	for _, a := range alerts {
		on[a.name] = true
		if last, told := w.told[a.name]; told && time.Since(last) < a.again {
			continue
		}
		if w.hook.send(ctx, a.text) {
			w.told[a.name] = time.Now()
		}
	}
	for name := range w.told {
		if !on[name] && w.hook.send(ctx, "meterd agent: well again: "+name) {
			delete(w.told, name)
		}
	}
}

func (w *watch) tellNews(ctx context.Context) {
	w.mu.Lock()
	news, omitted := w.news, w.omitted
	w.mu.Unlock()
	if len(news) == 0 {
		return
	}
	text := "meterd agent: " + strings.Join(news, "\n")
	if omitted > 0 {
		text += fmt.Sprintf("\nand %d more", omitted)
	}
	if !w.hook.send(ctx, text) {
		return // again at the next look
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.news, w.omitted = w.news[len(news):], w.omitted-omitted
}

// alerts are what is wrong now.
func (w *watch) alerts(ctx context.Context) (list []alert, err error) {
	stats, err := w.agent.outbox.Stats(ctx)
	if err != nil {
		return nil, err
	}
	if err := w.agent.unready(stats.Stopped, stats.NoRoom); err == nil {
		w.troubled = 0
	} else if w.troubled++; w.troubled >= troubledLooks {
		list = append(list, alert{"trouble", "meterd agent: usage is not being taken: " + err.Error(), alertAgain})
	}
	if stats.Pending > 0 && !w.agent.plan.DryRun {
		list = append(list, w.pendingAlerts(&stats)...)
	}
	if stats.Dead > 0 {
		list = append(list, alert{"dead letters", fmt.Sprintf("meterd agent: dead letters that wait for a decision: %d; see meterd agent dead-letters", stats.Dead), deadAgain})
	}
	quiet := time.Since(time.Unix(0, w.heard.Load()))
	if silent := w.agent.plan.Alerts.Silent; silent > 0 && quiet > silent {
		list = append(list, alert{"no events", fmt.Sprintf("meterd agent: no usage was told for %s; is the program that tells it running?", quiet.Round(time.Minute)), alertAgain})
	}
	return list, nil
}

// pendingAlerts are about records that wait to be sent.
func (w *watch) pendingAlerts(stats *outbox.Stats) (list []alert) {
	now, _ := w.agent.now()
	limits := &w.agent.plan.Alerts
	if left := stats.NextDeadline.Sub(now); left < limits.Deadline {
		list = append(list, alert{"deadline", fmt.Sprintf("meterd agent: deadline in %d minutes: unsent records: %d, the first must be sent by %s.%s",
			max(0, int(left.Minutes())), stats.Pending, stats.NextDeadline.Format(time.RFC3339), w.agent.restReasons()), alertAgain})
	}
	due := outbox.HourOf(stats.OldestPending).End().Add(w.agent.plan.Settle)
	if waiting := now.Sub(due); waiting > limits.Stalled {
		list = append(list, alert{"metering has not run", fmt.Sprintf("meterd agent: metering has not run: usage of %s waits since %s; unsent records: %d.%s",
			stats.OldestPending.Format(time.RFC3339), due.Format(time.RFC3339), stats.Pending, w.agent.restReasons()), alertAgain})
	}
	return list
}

// restReasons says why sending fails, if it does.
func (a *Agent) restReasons() string {
	var reasons []string
	for _, l := range a.lanes {
		for _, r := range l.status().Resting {
			reasons = append(reasons, fmt.Sprintf(" Sending %s to %s fails: %s", r.Product, l.service, r.Error))
		}
	}
	return strings.Join(reasons, "")
}
