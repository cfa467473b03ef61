// Command host evaluates Rego for a Python parent: real OPA behind one JSON object a line on stdin and stdout.
//
// The host speaks first: {"id":0,"hello":{"protocol":1,"opa":"1.15.2"}}. Then, for each request {"id":N,"op":…},
// served at the same time as others, comes one {"id":N,"result":…} or {"id":N,"error":"…"}. Rego that calls a
// function of the parent becomes {"id":N,"call":M,"name":…,"args":[…]}, answered by {"call":M,"value":…},
// {"call":M,"undefined":true} or {"call":M,"error":"…"}. "id" is always the first member of what the host writes.
// The host ends when stdin does: nobody listens any more.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"

	"github.com/open-policy-agent/opa/v1/version"
)

const protocol = 1

// A request is any line from the parent: the members of all operations together.
type request struct {
	ID int64  `json:"id"`
	Op string `json:"op"`

	Directory string `json:"directory"` // inspect
	Whole     bool   `json:"whole"`

	Policies  []string                   `json:"policies"` // load
	Data      []string                   `json:"data"`
	Documents map[string]json.RawMessage `json:"documents"` // evaluate, too
	Builtins  []json.RawMessage          `json:"builtins"`
	Withheld  []string                   `json:"withheld"`
	Hosts     []string                   `json:"hosts"`

	Program    int64           `json:"program"` // evaluate, release
	Namespaces []string        `json:"namespaces"`
	Input      json.RawMessage `json:"input"`
	Lines      bool            `json:"lines"`
	Trace      bool            `json:"trace"`

	Call int64 `json:"call"` // an answer
	answer
}

// A reply is the last word on a request.
type reply struct {
	ID     int64  `json:"id"`
	Result any    `json:"result,omitempty"`
	Error  string `json:"error,omitempty"`
	Lines  []line `json:"lines,omitempty"`
}

type greeting struct {
	ID    int64 `json:"id"`
	Hello hello `json:"hello"`
}

type hello struct {
	Protocol int    `json:"protocol"`
	OPA      string `json:"opa"`
}

func main() {
	// The terminal's interrupt is the parent's business.
	signal.Ignore(os.Interrupt)
	if os.Getenv("GOGC") == "" {
		// A short life: rather some more memory than collecting a heap that is mostly alive.
		debug.SetGCPercent(400)
	}
	if err := serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// serve answers until there are no more requests. What still runs then is left to the end of the process.
func serve(in io.Reader, out io.Writer) error {
	s := newSession(out)
	s.send(greeting{Hello: hello{Protocol: protocol, OPA: version.Version}})
	lines := bufio.NewReaderSize(in, 1<<16)
	for {
		text, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("cannot read requests: %w", err)
		}
		var r request
		if err := json.Unmarshal(text, &r); err != nil {
			return fmt.Errorf("not a request: %w", err)
		}
		switch {
		case r.Call != 0:
			s.calls.answer(r.Call, r.answer)
		case r.Op == "cancel":
			s.cancel(r.ID)
		default:
			ctx := s.begin(r.ID)
			go s.serve(ctx, &r)
		}
	}
}

func (s *session) serve(ctx context.Context, r *request) {
	defer s.cancel(r.ID)
	p := reply{ID: r.ID}
	var err error
	switch r.Op {
	case "inspect":
		p.Result, err = s.inspect(r.Directory, r.Whole)
	case "load":
		p.Result, err = s.load(ctx, r)
	case "evaluate":
		p.Result, p.Lines, err = s.evaluate(ctx, r)
	case "release":
		s.programs.Delete(r.Program)
	default:
		err = fmt.Errorf("unknown operation %q", r.Op)
	}
	if err != nil {
		p.Result, p.Error = nil, err.Error()
	}
	s.reply(p)
}
