package agent

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/meterd/meterd/internal/intake"
)

// stream counts the lines of NDJSON as they come, of any number. A line that
// makes no sense is refused, and the next one read.
func (a *Agent) stream(ctx context.Context, body io.Reader, receipt *Receipt) error {
	lines := bufio.NewReaderSize(body, intake.LineBytesMax)
	var told []intake.Event
	for {
		line, err := readLine(lines)
		if err != nil && err != io.EOF {
			return unreadable(err)
		}
		if len(line) > 0 {
			told = append(told, lineEvent(string(line)))
		}
		// What has come is not held back for what has not.
		if end := err == io.EOF; end || len(told) == streamEvents || lines.Buffered() == 0 {
			now, _ := a.now()
			if err := a.count(ctx, told, receipt, now); err != nil || end {
				return err
			}
			told = told[:0]
		}
	}
}

// lineEvent reads one line.
func lineEvent(line string) intake.Event {
	if line == tooLong {
		return intake.Event{Problem: "the line is longer than one event may be"}
	}
	told, err := intake.Decode(nil, line)
	switch {
	case err != nil:
		return intake.Event{Problem: err.Error()}
	case len(told) != 1:
		return intake.Event{Problem: "a line of NDJSON is one event, not an array"}
	}
	return told[0]
}

// tooLong stands for a line of which too much was there.
const tooLong = "…"

// readLine returns the next line without its end and blanks around it.
func readLine(lines *bufio.Reader) ([]byte, error) {
	line, err := lines.ReadSlice('\n')
	if !errors.Is(err, bufio.ErrBufferFull) {
		return bytes.TrimSpace(line), err
	}
	for errors.Is(err, bufio.ErrBufferFull) {
		_, err = lines.ReadSlice('\n')
	}
	return []byte(tooLong), err
}
