// Command host evaluates Rego for a Python parent: real OPA behind stdin and stdout.
//
// Both sides speak in frames: a header, which is one JSON object on a line of its own, and a body of as many bytes as
// the header's "size" says, right after the newline; none without it. What comes from outside is in bodies, so nothing
// that it holds can be taken for a part of a header, or of another body.
//
// The host speaks first: {"id":0,"hello":{"protocol":2,"opa":"1.15.2"}}. Then, for each request {"id":N,"op":…},
// served at the same time as others, comes one reply {"id":N,"size":…} with the body {"result":…} or {"error":"…"}.
// The body of an evaluation's request is the input. Rego that calls a function of the parent becomes
// {"id":N,"call":M,"name":…,"size":…} with the arguments as body, a list; it is answered by
// {"call":M,"outcome":"value","size":…} with the value, by the outcome "error" with a text, or by "undefined".
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

const protocol = 2

// A request is any frame from the parent: the header's members of all operations together, and the body.
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

	Program    int64    `json:"program"` // evaluate, release
	Namespaces []string `json:"namespaces"`
	Lines      bool     `json:"lines"`
	Trace      bool     `json:"trace"`

	Call    int64  `json:"call"` // an answer
	Outcome string `json:"outcome"`

	Size int64 `json:"size"`
	body []byte
}

// A reply is the last word on a request.
type reply struct {
	Result any    `json:"result,omitempty"`
	Error  string `json:"error,omitempty"`
	Lines  []line `json:"lines,omitempty"`
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
	s.send(header{Hello: &hello{Protocol: protocol, OPA: version.Version}}, nil)
	frames := bufio.NewReaderSize(in, 1<<16)
	for {
		r, err := read(frames)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch {
		case r.Call != 0:
			s.calls.answer(r.Call, answer{r.Outcome, r.body})
		case r.Op == "cancel":
			s.cancel(r.ID)
		default:
			ctx := s.begin(r.ID)
			go s.serve(ctx, r)
		}
	}
}

func (s *session) serve(ctx context.Context, r *request) {
	defer s.cancel(r.ID)
	var p reply
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
	s.reply(r.ID, p)
}
