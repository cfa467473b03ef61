package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
)

func TestInputNumbersAreFloatsInGosSpelling(t *testing.T) {
	value, err := readFloats([]byte(`{"n": [12345678901234567890, 1.50, 1e3, 9007199254740993, 1e-7, 1e21]}`))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := value.String(), `{"n": [12345678901234567000, 1.5, 1000, 9007199254740992, 1e-7, 1e+21]}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestExceptionsAreNamedWithoutTheRulesKind(t *testing.T) {
	for name, want := range map[string]string{
		"deny": `data.a.b.exception[_][_] == ""`, "violation_x": `data.a.b.exception[_][_] == "x"`, "warn_x_y": `data.a.b.exception[_][_] == "x_y"`,
	} {
		if got := (judgingRule{"a.b", name}).exception(); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

func TestNamesThatJudge(t *testing.T) {
	for name, want := range map[string]bool{
		"deny": true, "violation": true, "deny_a_B1": true, "denyx": false, "deny_": false, "Deny": false, "deny_ä": false, "warn": false,
	} {
		if got := failing.MatchString(name); got != want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

func TestDatesInAnnotations(t *testing.T) {
	text := "package a\n# METADATA\n# custom:\n#   t: [2020-01-01T00:00:00.5+02:00]\n#   solution: 2020-01-01\ndeny := 1"
	module, err := ast.ParseModuleWithOpts("a.rego", text, parsing)
	if err != nil {
		t.Fatal(err)
	}
	before := module.Annotations[0].String()
	copied, dates := readCustom(module.Annotations[0].Custom)
	if got, want := fmt.Sprint(dates), "[[t 0]]"; got != want {
		t.Errorf("got %v, want %s", got, want)
	}
	if got, want := copied["t"].([]any)[0], "2020-01-01 00:00:00.5 +0200 +0200"; got != want {
		t.Errorf("got %v, want %s", got, want)
	}
	if got, want := copied["solution"], "2020-01-01T00:00:00Z"; got != want {
		t.Errorf("got %v, want %s", got, want)
	}
	copied["t"].([]any)[0] = 1
	if after := module.Annotations[0].String(); after != before {
		t.Errorf("got %s, had %s", after, before)
	}
}

// The host over a pipe, as a parent sees it.
func TestConversation(t *testing.T) {
	in, requests := io.Pipe()
	answers, out := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- serve(in, out) }()
	frames := bufio.NewReader(answers)
	receive := func() (h header, body string) {
		t.Helper()
		line, err := frames.ReadBytes('\n')
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(line, &h); err != nil {
			t.Fatal(err)
		}
		text := make([]byte, h.Size)
		if _, err := io.ReadFull(frames, text); err != nil {
			t.Fatal(err)
		}
		return h, string(text)
	}
	if h, _ := receive(); h.Hello.Protocol != protocol || h.Hello.OPA != "1.15.2" {
		t.Errorf("got %v", h)
	}
	io.WriteString(requests, `{"id":7,"op":"evaluate","program":99,"size":3}`+"\n{}\n")
	if h, body := receive(); h.ID != 7 || body != `{"error":"there is no program 99"}`+"\n" {
		t.Errorf("got %v, %s", h, body)
	}
	// Nobody waits for these.
	io.WriteString(requests, `{"call":5,"outcome":"value","size":1}`+"\n1"+`{"op":"cancel","id":55}`+"\n"+`{"id":8,"op":"dance"}`+"\n")
	if h, body := receive(); h.ID != 8 || body != `{"error":"unknown operation \"dance\""}`+"\n" {
		t.Errorf("got %v, %s", h, body)
	}
	requests.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestFramesThatAreRefused(t *testing.T) {
	for _, text := range []string{
		`{"id":1,"op":"load"}{"id":2}`, `{"id":1,"op":"load","input":{}}`, `{"id":1,"op":"evaluate","size":-1}`,
		`{"id":1,"op":"evaluate","size":1073741825}`, `{"id":1,"op":"evaluate","size":1e400}`, `{"id":1,"op":"load","size":2}`, `[]`, ``,
	} {
		if r, err := read(bufio.NewReader(strings.NewReader(text + "\n{}"))); err == nil || err == io.EOF {
			t.Errorf("%s: got %v, %v", text, r, err)
		}
	}
	for _, text := range []string{``, `{"id":1`, `{"id":1,"op":"evaluate","size":9}` + "\n{}"} {
		if _, err := read(bufio.NewReader(strings.NewReader(text))); err != io.EOF {
			t.Errorf("%s: got %v", text, err)
		}
	}
}

func TestAnswersHaveLimits(t *testing.T) {
	nested := func(levels int) (value any) {
		for range levels {
			value = []any{map[string]any{"x": value}}
		}
		return value
	}
	if err := new(room).take(nested(depthLimit / 2)); err != nil {
		t.Error(err)
	}
	if err := new(room).take(nested(depthLimit/2 + 1)); err == nil {
		t.Error("too deep, and taken")
	}
	var r room
	half := strings.Repeat("x", roomLimit/2)
	if err := r.take(half); err != nil {
		t.Error(err)
	}
	if err := r.take(map[string]any{half: nil}); err == nil {
		t.Error("too large, and taken")
	}
}
