package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
)

type askerKey struct{}

// An asker is the request that an evaluation is for; its context carries it.
type asker struct {
	id     int64
	raised atomic.Bool // the parent's function failed, which ends the evaluation
}

// An answer is the parent's to one call: a value, the text of an error, or nothing when it is undefined.
type answer struct {
	outcome string
	body    []byte
}

// calls are the calls of the parent that wait for their answer.
type calls struct {
	mutex   sync.Mutex
	last    int64
	waiting map[int64]chan answer
}

func (c *calls) open() (int64, chan answer) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.last++
	answered := make(chan answer, 1)
	c.waiting[c.last] = answered
	return c.last, answered
}

func (c *calls) close(number int64) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	delete(c.waiting, number)
}

// answer hands over what the parent said; nobody may want it any more.
func (c *calls) answer(number int64, given answer) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if answered, ok := c.waiting[number]; ok {
		delete(c.waiting, number)
		answered <- given
	}
}

// function makes a function of Rego that the parent carries out. It belongs to one program, not to the process.
func (s *session) function(declared *ast.Builtin) func(*rego.Rego) {
	shape := &rego.Function{
		Name:             declared.Name,
		Decl:             declared.Decl,
		Memoize:          true,
		Nondeterministic: declared.Nondeterministic,
	}
	arity := declared.Decl.Arity()
	return rego.FunctionDyn(shape, func(b rego.BuiltinContext, terms []*ast.Term) (*ast.Term, error) {
		// What follows the arguments is the variable for the answer.
		value, err := s.call(b.Context, declared.Name, terms[:arity])
		if err != nil {
			return nil, rego.NewHaltError(err)
		}
		if value == nil {
			return nil, nil
		}
		return ast.NewTerm(value), nil
	})
}

// call asks the parent; no value and no error means undefined.
func (s *session) call(ctx context.Context, name string, terms []*ast.Term) (ast.Value, error) {
	arguments := make([]any, len(terms))
	for i, term := range terms {
		var err error
		if arguments[i], err = ast.JSON(term.Value); err != nil {
			return nil, fmt.Errorf("argument %d: %w", i+1, err)
		}
	}
	from, ok := ctx.Value(askerKey{}).(*asker)
	if !ok {
		return nil, errors.New("called outside an evaluation")
	}
	var room room
	if err := room.take(arguments); err != nil {
		return nil, fmt.Errorf("the arguments of %s are %w", name, err)
	}
	body, err := compact(arguments)
	if err != nil {
		return nil, err
	}
	number, answered := s.calls.open()
	defer s.calls.close(number)
	s.send(header{ID: from.id, Call: number, Name: name}, body)
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case given := <-answered:
		switch given.outcome {
		case "value":
			return ast.ValueFromReader(bytes.NewReader(given.body))
		case "undefined":
			return nil, nil
		}
		from.raised.Store(true)
		return nil, errors.New(string(given.body))
	}
}
