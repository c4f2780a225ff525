package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// progress shows how far long work is: a bar on a terminal, else now and then a
// line.
type progress struct {
	out      io.Writer
	noun     string
	now      func() time.Time
	terminal bool
	start    time.Time
	// shown is when something was shown last.
	shown time.Time
	// before is how much was done when the work began.
	before int
	begun  bool
}

const (
	// barWidth is in characters.
	barWidth = 30
	// barEvery and lineEvery are how often a bar is drawn and a line printed.
	barEvery  = 100 * time.Millisecond
	lineEvery = 10 * time.Second
)

func newProgress(out io.Writer, noun string, now func() time.Time) *progress {
	return &progress{out: out, noun: noun, now: now, terminal: isTerminal(out), start: now()}
}

// isTerminal reports whether somebody can see a bar being drawn over itself.
func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok || os.Getenv("TERM") == "dumb" {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// show shows that some of all is done.
func (p *progress) show(done, all int) {
	now, first := p.now(), !p.begun
	if first {
		p.begun, p.before, p.shown = true, done, now
	}
	if p.terminal {
		if first || done == all || now.Sub(p.shown) >= barEvery {
			filled := barWidth * done / max(all, 1)
			fmt.Fprintf(p.out, "\r[%s%s] %d of %d %s%s\x1b[K", strings.Repeat("=", filled), strings.Repeat(" ", barWidth-filled), done, all, p.noun, p.left(now, done, all))
			p.shown = now
		}
		return
	}
	if now.Sub(p.shown) >= lineEvery {
		fmt.Fprintf(p.out, "meterd: %d of %d %s%s\n", done, all, p.noun, p.left(now, done, all))
		p.shown = now
	}
}

// left estimates how long the rest takes.
func (p *progress) left(now time.Time, done, all int) string {
	if done <= p.before || done >= all {
		return ""
	}
	each := now.Sub(p.start) / time.Duration(done-p.before)
	return fmt.Sprintf(", %s left", (each * time.Duration(all-done)).Round(time.Second))
}

// end leaves the bar as it is.
func (p *progress) end() {
	if p.terminal && p.begun {
		fmt.Fprintln(p.out)
	}
}

// watch is progress for work that counts in uint64.
func watch(out io.Writer, noun string) (show func(done, all uint64), end func()) {
	p := newProgress(out, noun, time.Now)
	return func(done, all uint64) { p.show(int(done), int(max(done, all))) }, p.end
}
