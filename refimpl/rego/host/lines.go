package main

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/open-policy-agent/opa/v1/topdown"
	"github.com/open-policy-agent/opa/v1/topdown/print"
)

const (
	// lineLimit is how many lines an evaluation may say, and as many events a query's trace may have.
	lineLimit = 50_000
	// textLimit is how many bytes these may have.
	textLimit = 8 << 20
)

// A line is something the evaluation said on its way.
type line struct {
	Kind string `json:"kind"`
	Text string `json:"text"`
}

// lines collects what is said, as far as there is room; prints of a namespace come after all its traces.
type lines struct {
	wanted, traced bool
	query          string
	all, printed   []line
	size           int
	full           bool
}

// Print is the hook of Rego's print.
func (l *lines) Print(c print.Context, message string) error {
	if l.fits(len(message)) {
		l.printed = append(l.printed, line{"print", fmt.Sprintf("[%s] %v: %s\n", l.query, c.Location, message)})
	}
	return nil
}

// fits tells whether there is room for a line; the first one without is replaced by a word about it.
func (l *lines) fits(size int) bool {
	if l.full {
		return false
	}
	l.size += size
	if l.full = l.size > textLimit || len(l.all)+len(l.printed) >= lineLimit; l.full {
		l.printed = append(l.printed, line{"print", fmt.Sprintf(
			"[%s] more than %d lines or %d MiB were printed or traced: the rest isn't shown\n", l.query, lineLimit, textLimit>>20)})
	}
	return !l.full
}

func (l *lines) trace(events []*topdown.Event) {
	if l.full {
		return
	}
	text := limited{room: textLimit}
	topdown.PrettyTrace(&text, events)
	for row := range strings.SplitSeq(text.String(), "\n") {
		if row != "" && l.fits(len(row)) {
			l.all = append(l.all, line{"trace", fmt.Sprintf("[%s] %s", l.query, row)})
		}
	}
	if len(events) >= lineLimit {
		l.fits(textLimit)
	}
}

func (l *lines) flush() []line {
	l.all = append(l.all, l.printed...)
	l.printed = nil
	return l.all
}

// A tracer keeps the first events of a query.
type tracer struct{ topdown.BufferTracer }

func (t *tracer) TraceEvent(event topdown.Event) {
	if len(t.BufferTracer) < lineLimit {
		t.BufferTracer.TraceEvent(event)
	}
}

// limited is a buffer that forgets what is too much for it.
type limited struct {
	bytes.Buffer
	room int
}

func (l *limited) Write(text []byte) (int, error) {
	l.Buffer.Write(text[:max(0, min(len(text), l.room-l.Len()))])
	return len(text), nil
}
