package main

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// parseShorthand reads aws-cli's short way of writing a structure:
//
//	Timestamp=…,Quantity=3,UsageAllocations=[{AllocatedUsageQuantity=3,Tags=[{Key=a,Value=b}]}]
//
// and returns it as JSON. Values are texts, in quotes or without; members that
// the API knows as numbers become numbers.
func parseShorthand(text string) ([]byte, error) {
	s := &shorthand{text: text}
	value, err := s.members(0)
	if err == nil && s.at < len(text) {
		err = s.wrong("a comma or the end")
	}
	if err != nil {
		return nil, err
	}
	return json.Marshal(value)
}

// shorthandNumbers are the members that are numbers.
var shorthandNumbers = map[string]bool{"Quantity": true, "AllocatedUsageQuantity": true}

type shorthand struct {
	text string
	at   int
}

func (s *shorthand) wrong(wanted string) error {
	return fmt.Errorf("%q: character %d: expected %s", s.text, s.at+1, wanted)
}

// next returns the character at hand, 0 at the end.
func (s *shorthand) next() byte {
	if s.at == len(s.text) {
		return 0
	}
	return s.text[s.at]
}

func (s *shorthand) take(c byte) bool {
	if s.next() != c {
		return false
	}
	s.at++
	return true
}

// members reads Key=value pairs up to an end character, which it leaves; 0 is
// the end of the text.
func (s *shorthand) members(end byte) (map[string]any, error) {
	members := map[string]any{}
	for {
		key, err := s.key()
		if err != nil {
			return nil, err
		}
		if _, ok := members[key]; ok {
			return nil, fmt.Errorf("%q: %s is there twice", s.text, key)
		}
		if members[key], err = s.value(key, end); err != nil {
			return nil, err
		}
		if !s.take(',') {
			return members, nil
		}
	}
}

func (s *shorthand) key() (string, error) {
	length := strings.IndexFunc(s.text[s.at:], func(r rune) bool { return !strings.ContainsRune(keyCharacters, r) })
	if length <= 0 || s.text[s.at+length] != '=' {
		return "", s.wrong("Name=value")
	}
	key := s.text[s.at : s.at+length]
	s.at += length + 1
	return key, nil
}

const keyCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

func (s *shorthand) value(key string, end byte) (any, error) {
	switch {
	case s.take('['):
		return s.list(key)
	case s.take('{'):
		return s.structure()
	}
	text, err := s.scalar(end)
	if err != nil || !shorthandNumbers[key] {
		return text, err
	}
	if _, err := strconv.ParseInt(text, 10, 64); err != nil {
		return nil, fmt.Errorf("%q: %s: %q is not a whole number", s.text, key, text)
	}
	return json.Number(text), nil
}

func (s *shorthand) list(key string) (any, error) {
	list := []any{}
	if s.take(']') {
		return list, nil
	}
	for {
		element, err := s.value(key, ']')
		if err != nil {
			return nil, err
		}
		list = append(list, element)
		if s.take(']') {
			return list, nil
		}
		if !s.take(',') {
			return nil, s.wrong("a comma or ]")
		}
	}
}

func (s *shorthand) structure() (any, error) {
	members, err := s.members('}')
	if err == nil && !s.take('}') {
		err = s.wrong("a comma or }")
	}
	return members, err
}

// scalar reads a text: in quotes, or up to a comma or the end of what it is
// in. A backslash takes the next character as it is.
func (s *shorthand) scalar(end byte) (string, error) {
	quote := s.next()
	if quote != '\'' && quote != '"' {
		quote = 0
	} else {
		s.at++
	}
	var text strings.Builder
	for {
		c := s.next()
		switch {
		case quote == 0 && (c == 0 || c == ',' || c == end):
			return text.String(), nil
		case c == 0:
			return "", s.wrong("a closing " + string(quote))
		case c == quote:
			s.at++
			return text.String(), nil
		case c == '\\' && s.at+1 < len(s.text):
			s.at++
			c = s.next()
		}
		text.WriteByte(c)
		s.at++
	}
}
