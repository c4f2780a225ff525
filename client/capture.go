package client

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/textproto"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/meterd/meterd/api"
)

// Explanations lists all that is explained: exceptions, verdicts, and failures
// that have no name on the wire.
func Explanations() []Explanation { return slices.Clone(table) }

// ExplainCapture explains what somebody kept of a failure: a whole HTTP answer
// (as of curl -i or -v), its body, or a text such as a log or the error of an
// SDK, in which it finds the names. It returns nil if it finds none.
func ExplainCapture(text []byte) []Explanation {
	text = bytes.TrimSpace(uncurl(text))
	if status, header, body, ok := splitAnswer(text); ok {
		return ExplainResponse(status, header, body)
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(text, &members) == nil {
		for _, member := range []string{"Results", "UnprocessedRecords", "MeteringRecordId", "Signature", "ProductCode"} {
			if members[member] != nil {
				return ExplainResponse(http.StatusOK, http.Header{}, text)
			}
		}
	}
	if name, _ := readException(http.Header{}, text); name != "" {
		return ExplainResponse(http.StatusBadRequest, http.Header{}, text)
	}
	return explainText(string(text))
}

// statusLine begins an answer; HTTP/2 has no minor version and no reason.
var statusLine = regexp.MustCompile(`^HTTP/[0-9.]+ ([1-5][0-9]{2})\b`)

// splitAnswer takes an HTTP answer apart. Interim answers before it do not
// count.
func splitAnswer(text []byte) (status int, header http.Header, body []byte, ok bool) {
	for {
		found := statusLine.FindSubmatch(text)
		if found == nil {
			return 0, nil, nil, false
		}
		status, _ = strconv.Atoi(string(found[1])) // three digits
		buffer := bufio.NewReader(io.MultiReader(bytes.NewReader(text), strings.NewReader("\r\n\r\n")))
		reader := textproto.NewReader(buffer)
		if _, err := reader.ReadLine(); err != nil {
			return 0, nil, nil, false
		}
		lines, err := reader.ReadMIMEHeader()
		if err != nil {
			return 0, nil, nil, false
		}
		body, err := io.ReadAll(buffer)
		if err != nil {
			return 0, nil, nil, false
		}
		if body = bytes.TrimSpace(body); status >= http.StatusOK {
			return status, http.Header(lines), body, true
		}
		text = body
	}
}

// uncurl takes away what curl -v writes around an answer.
func uncurl(text []byte) []byte {
	if !bytes.Contains(text, []byte("\n< HTTP/")) && !bytes.HasPrefix(text, []byte("< HTTP/")) {
		return text
	}
	var head, body []string
	for line := range strings.Lines(string(text)) {
		switch {
		case strings.HasPrefix(line, "< "):
			head = append(head, line[2:])
		case !curlNoise.MatchString(line):
			body = append(body, line)
		}
	}
	return []byte(strings.TrimSpace(strings.Join(head, "")) + "\r\n\r\n" + strings.Join(body, ""))
}

// curlNoise are curl's other lines: the request, its remarks and its progress.
var curlNoise = regexp.MustCompile(`^([*>]|[{}] \[\d+ bytes|<\s*$| +% | +Dload| *\d+ +\d|\s*$)`)

// namePattern finds what may be a name in a text. Success is no such name: it
// is a word.
var namePattern = regexp.MustCompile(`\b[A-Z][A-Za-z]+Exception\b|\bCustomerNotSubscribed\b|\bDuplicateRecord\b`)

// explainText explains the names that are in a text, in their order.
func explainText(text string) (list []Explanation) {
	var seen []string
	for _, name := range namePattern.FindAllString(text, -1) {
		if _, known := explanations[name]; !known || slices.Contains(seen, name) {
			continue
		}
		seen = append(seen, name)
		list = append(list, explainRefusal(&api.Error{Name: api.ExceptionName(name), Message: text}))
	}
	return list
}
