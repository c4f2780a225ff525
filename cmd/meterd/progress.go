package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/meterd/meterd/bench"
)

// isTerminal reports whether somebody sees what is drawn there.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("TERM") == "dumb" {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// drawBar is a bar of a part of a whole, and its percentage.
func drawBar(done float64) string {
	const width = 40
	full := int(min(max(done, 0), 1) * width)
	return fmt.Sprintf("[%s%s] %3.0f %%", strings.Repeat("=", full), strings.Repeat(" ", width-full), 100*done)
}

// bar shows the progress of a run on a terminal.
type bar struct{ w io.Writer }

// newBar returns nil if nobody would see the bar.
func newBar(w io.Writer) *bar {
	if !isTerminal(w) {
		return nil
	}
	return &bar{w}
}

func (b *bar) show(p bench.Progress) {
	fmt.Fprintf(b.w, "\r%s  %6.1f s  %d records  %.0f/s ", drawBar(p.Done),
		p.Elapsed.Seconds(), p.Records, float64(p.Records)/p.Elapsed.Seconds())
}

func (b *bar) end() { fmt.Fprint(b.w, "\r\x1b[K") }

// meter shows the progress of long work on a terminal. On anything else it is
// silent.
type meter struct {
	w          io.Writer
	what, unit string
	begun      time.Time
	shown      time.Time
}

// meterEvery is how long a meter stands still at least.
const meterEvery = 100 * time.Millisecond

// newMeter says what is done, and the unit of show; "bytes" are shown as MB.
func newMeter(w io.Writer, what, unit string) *meter {
	m := &meter{what: what, unit: unit, begun: time.Now()}
	if isTerminal(w) {
		m.w = w
	}
	return m
}

func (m *meter) show(done, all uint64) {
	now := time.Now()
	if m.w == nil || now.Sub(m.shown) < meterEvery {
		return
	}
	m.shown = now
	amount := fmt.Sprintf("%d %s", done, m.unit)
	if m.unit == "bytes" {
		amount = fmt.Sprintf("%.1f MB", float64(done)/1e6)
	}
	part := ""
	if all > 0 {
		part = drawBar(float64(done) / float64(all))
	}
	fmt.Fprintf(m.w, "\r%s %s  %s  %.0f s ", m.what, part, amount, now.Sub(m.begun).Seconds())
}

func (m *meter) end() {
	if m.w != nil {
		fmt.Fprint(m.w, "\r\x1b[K")
	}
}
