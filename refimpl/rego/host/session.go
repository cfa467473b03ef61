package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
)

// A session is what the requests of one parent share.
type session struct {
	writing sync.Mutex
	out     io.Writer

	running  sync.Map // request id → context.CancelFunc
	programs sync.Map // program id → *program
	made     atomic.Int64
	calls    calls
	modules  modules
	inputs   inputs
}

func newSession(out io.Writer) *session {
	return &session{out: out, calls: calls{waiting: map[int64]chan answer{}}}
}

// begin gives a request's context, which cancel ends.
func (s *session) begin(id int64) context.Context {
	ctx, cancel := context.WithCancel(context.WithValue(context.Background(), askerKey{}, &asker{id: id}))
	s.running.Store(id, cancel)
	return ctx
}

func (s *session) cancel(id int64) {
	if cancel, ok := s.running.LoadAndDelete(id); ok {
		cancel.(context.CancelFunc)()
	}
}

func (s *session) reply(id int64, p reply) {
	body, err := compact(p)
	if err != nil {
		body, err = compact(reply{Error: "cannot write the answer: " + err.Error()})
	}
	if err != nil {
		fail(err)
	}
	s.send(header{ID: id}, body)
}

// send writes a frame.
func (s *session) send(h header, body []byte) {
	h.Size = len(body)
	text, err := compact(h)
	if err != nil {
		fail(err)
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	if _, err := s.out.Write(append(text, body...)); err != nil {
		fail(fmt.Errorf("cannot answer: %w", err))
	}
}

// compact is one line of JSON with its newline; numbers and characters stay as they are.
func compact(value any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return text.Bytes(), err
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
