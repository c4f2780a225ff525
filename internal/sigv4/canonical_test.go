package sigv4

import (
	"net/http"
	"net/url"
	"testing"
)

func TestNormalPath(t *testing.T) {
	for path, want := range map[string]string{
		"/": "/", "//": "/", "/.": "/", "/..": "/", "/../a": "/a", "/a": "/a", "/a/": "/a/",
		"/a//b/": "/a/b/", "/a/./b/../c": "/a/c", "/a/..": "/", "/a/.": "/a", "/a/../": "/",
		"/%2e%2E/a": "/%2e%2E/a", "": "/",
	} {
		if got := normalPath(path); got != want {
			t.Errorf("%q: got %q, want %q", path, got, want)
		}
	}
}

func TestRequestPath(t *testing.T) {
	tests := []struct{ line, path, want string }{
		{"/a%2fb?x=/", "/rewritten", "/a%2fb"},
		{"//a#b", "/", "//a#b"},
		{"http://h/x", "/x y", "/x%20y"},
		{"", "/x", "/x"},
		{"", "", "/"},
	}
	for _, test := range tests {
		r := &http.Request{RequestURI: test.line, URL: &url.URL{Path: test.path}}
		if got := requestPath(r); got != test.want {
			t.Errorf("%q: got %q, want %q", test.line, got, test.want)
		}
	}
}

func TestAppendQuery(t *testing.T) {
	const mac = "X-Amz-Signature"
	tests := []struct {
		query     string
		presigned bool
		want      string
	}{
		{"", false, ""},
		{"b=2&a=1", false, "a=1&b=2"},
		{"a=2&a=10&a=", false, "a=&a=10&a=2"},
		{"a-b=1&a=1&a.b=1", false, "a=1&a-b=1&a.b=1"},
		{"v=a-b&v=a/b", false, "v=a%2Fb&v=a-b"},
		{"bare&&=x&a=b=c", false, "=x&a=b%3Dc&bare="},
		{"k+1=a+b%20c%2B", false, "k%201=a%20b%20c%2B"},
		{"a=%c3%bc~%7E&b=%zz%4", false, "a=%C3%BC~~&b=%25zz%254"},
		{"a=;&%61=!", false, "a=%21&a=%3B"},
		{mac + "=1&a=1", true, "a=1"},
		{mac + "=1&a=1", false, mac + "=1&a=1"},
		{mac + "=1&" + mac + "=2", true, mac + "=2"},
		{"X-Amz%2DSignature=1&x-amz-signature=2", true, "x-amz-signature=2"},
	}
	for _, test := range tests {
		if got := string(appendQuery(nil, test.query, test.presigned)); got != test.want {
			t.Errorf("%q: got %q, want %q", test.query, got, test.want)
		}
	}
}

func TestAppendHeaders(t *testing.T) {
	r := &http.Request{
		Host:          "127.0.0.1:8421",
		ContentLength: 7,
		Header: http.Header{
			"X-Amz-Meta-A": {"  a   b \t  c  ", "", " d "},
			"X-Empty":      {""},
		},
		TransferEncoding: []string{"chunked"},
	}
	tests := []struct {
		names, want string
		ok          bool
	}{
		{":authority;host", ":authority:127.0.0.1:8421\nhost:127.0.0.1:8421\n", true},
		{"content-length;host", "content-length:7\nhost:127.0.0.1:8421\n", true},
		{"transfer-encoding", "transfer-encoding:chunked\n", true},
		{"x-amz-meta-a;x-empty", "x-amz-meta-a:a b \t c,,d\nx-empty:\n", true},
		{"x-absent", "x-absent:", false},
	}
	for _, test := range tests {
		got, ok := appendHeaders(nil, test.names, r)
		if string(got) != test.want || ok != test.ok {
			t.Errorf("%q: got %q and %t", test.names, got, ok)
		}
	}
	r.Header.Set("Content-Length", "007")
	if got, _ := appendHeaders(nil, "content-length", r); string(got) != "content-length:007\n" {
		t.Errorf("as sent: got %q", got)
	}
	r.Header.Del("Content-Length")
	r.ContentLength = -1
	if _, ok := appendHeaders(nil, "content-length", r); ok {
		t.Error("a length that was not sent counts as signed")
	}
}

func TestAppendHeaderKey(t *testing.T) {
	for _, name := range []string{"x-amz-date", "content-type", "a", "-", "x--y-", "x_y-z1-2a", "etag"} {
		if got, want := string(appendHeaderKey(nil, name)), http.CanonicalHeaderKey(name); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}
