package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// bodyLimit is how many bytes a body may have.
const bodyLimit = 1 << 30

// A header begins each frame that the host writes.
type header struct {
	ID    int64  `json:"id"`
	Hello *hello `json:"hello,omitempty"`
	Call  int64  `json:"call,omitempty"`
	Name  string `json:"name,omitempty"`
	Size  int    `json:"size,omitempty"`
}

// read takes the parent's next frame; io.EOF when there are no more, or the last one isn't whole.
func read(in *bufio.Reader) (*request, error) {
	line, err := in.ReadBytes('\n')
	if errors.Is(err, io.EOF) {
		return nil, io.EOF
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read requests: %w", err)
	}
	r := &request{}
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(r); err != nil {
		return nil, fmt.Errorf("not a request: %w", err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, errors.New("not a request: there is more than one value in the header")
	}
	if r.Size < 0 || r.Size > bodyLimit {
		return nil, fmt.Errorf("not a request: a body can't have %d bytes", r.Size)
	}
	if r.Size > 0 && r.Call == 0 && r.Op != "evaluate" {
		return nil, fmt.Errorf("not a request: %q has no body", r.Op)
	}
	r.body = make([]byte, r.Size)
	if _, err := io.ReadFull(in, r.body); err != nil {
		return nil, io.EOF
	}
	return r, nil
}
