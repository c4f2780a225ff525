package bench

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

// conn is a connection that carries one exchange after the other. It is HTTP
// as far as answers with a Content-Length go, at half of the CPU time that
// net/http's client takes.
type conn struct {
	net.Conn
	in []byte
}

// answer is what came back. It lies in the connection's buffer until the next.
type answer struct {
	status int
	body   []byte
}

// dial opens a connection that lasts until a time.
func dial(address string, until time.Time) (*conn, error) {
	c, err := net.DialTimeout("tcp", address, answerMax)
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	// One deadline for all exchanges: a timer for each would cost more than
	// it tells.
	if err := c.SetDeadline(until); err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	return &conn{c, make([]byte, 32<<10)}, nil
}

func (c *conn) exchange(request []byte) (answer, error) {
	if _, err := c.Write(request); err != nil {
		return answer{}, fmt.Errorf("sending a request: %w", err)
	}
	filled, end := 0, -1
	for end < 0 {
		n, err := c.Read(c.in[filled:])
		if err != nil {
			return answer{}, fmt.Errorf("reading an answer: %w", err)
		}
		filled += n
		end = bytes.Index(c.in[:filled], []byte("\r\n\r\n"))
		if end < 0 && filled == len(c.in) {
			return answer{}, fmt.Errorf("reading an answer: no end of its headers in %d bytes", filled)
		}
	}
	status, length, err := parseHead(c.in[:end])
	if err != nil {
		return answer{}, fmt.Errorf("reading an answer: %w", err)
	}
	begin := end + len("\r\n\r\n")
	if grow := begin + length - len(c.in); grow > 0 {
		c.in = append(c.in, make([]byte, grow)...)
	}
	if missing := begin + length - filled; missing > 0 {
		if _, err := io.ReadFull(c.Conn, c.in[filled:filled+missing]); err != nil {
			return answer{}, fmt.Errorf("reading an answer: %w", err)
		}
	}
	return answer{status, c.in[begin : begin+length]}, nil
}

// parseHead reads what matters of an answer's head.
func parseHead(head []byte) (status, length int, err error) {
	const protocol = "HTTP/1.1 "
	line, headers, _ := bytes.Cut(head, []byte("\r\n"))
	if !bytes.HasPrefix(line, []byte(protocol)) || len(line) < len(protocol)+3 {
		return 0, 0, fmt.Errorf("it begins with %q", line)
	}
	if status, err = strconv.Atoi(string(line[len(protocol) : len(protocol)+3])); err != nil {
		return 0, 0, fmt.Errorf("it begins with %q", line)
	}
	const name = "content-length:"
	for len(headers) > 0 {
		line, headers, _ = bytes.Cut(headers, []byte("\r\n"))
		if len(line) > len(name) && line[len(name)-1] == ':' && bytes.EqualFold(line[:len(name)], []byte(name)) {
			length, err = strconv.Atoi(string(bytes.TrimSpace(line[len(name):])))
			if err == nil && (length < 0 || length > answerBytesMax) {
				err = fmt.Errorf("its length is %d", length)
			}
			return status, length, err
		}
	}
	return 0, 0, fmt.Errorf("it has no Content-Length")
}
