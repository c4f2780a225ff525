package main

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
)

// adminTokenFile is where serve keeps the token that it made, in its data
// directory.
const adminTokenFile = "admin-token"

func makeToken() string {
	raw := make([]byte, adminTokenBytes)
	rand.Read(raw)
	return base64.RawURLEncoding.EncodeToString(raw)
}

// keptToken returns the token in a data directory, and makes one when it is not
// there yet. Only the owner may read it.
func keptToken(dir string) (token, path string, err error) {
	path = filepath.Join(dir, adminTokenFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		text = []byte(makeToken() + "\n")
		err = writeNew(path, text)
	}
	if err != nil {
		return "", path, fmt.Errorf("keeping the admin token: %w", err)
	}
	token = strings.TrimSpace(string(text))
	if token == "" {
		return "", path, fmt.Errorf("the admin token in %s is empty; remove the file to have one made", path)
	}
	return token, path, nil
}

func writeNew(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Close())
}

// isLoopback reports whether an address to listen on is reachable from this
// machine only.
func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}
