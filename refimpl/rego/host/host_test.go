package main

import (
	"bufio"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
)

func TestInputNumbersAreFloatsInGosSpelling(t *testing.T) {
	value, err := floated([]byte(`{"n": [12345678901234567890, 1.50, 1e3, 9007199254740993, 1e-7, 1e21]}`))
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
		if got := (judge{"a.b", name}).exception(); got != want {
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
	copied := told(module.Annotations[0].Custom)
	if got, want := copied["t"].([]any)[0], dateMark+"2020-01-01 00:00:00.5 +0200 +0200"; got != want {
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
	lines := bufio.NewScanner(answers)
	told := func() map[string]any {
		t.Helper()
		if !lines.Scan() {
			t.Fatal("no answer")
		}
		if !strings.HasPrefix(lines.Text(), `{"id":`) {
			t.Fatalf("id isn't first: %s", lines.Text())
		}
		var message map[string]any
		if err := json.Unmarshal(lines.Bytes(), &message); err != nil {
			t.Fatal(err)
		}
		return message
	}
	if hello := told()["hello"].(map[string]any); hello["protocol"] != float64(protocol) || hello["opa"] != "1.15.2" {
		t.Errorf("got %v", hello)
	}
	io.WriteString(requests, `{"id":7,"op":"evaluate","program":99}`+"\n")
	if m := told(); m["id"] != 7.0 || m["error"] != "there is no program 99" {
		t.Errorf("got %v", m)
	}
	// Nobody waits for these.
	io.WriteString(requests, `{"call":5,"value":1}`+"\n"+`{"op":"cancel","id":55}`+"\n"+`{"id":8,"op":"dance"}`+"\n")
	if m := told(); m["error"] != `unknown operation "dance"` {
		t.Errorf("got %v", m)
	}
	requests.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
