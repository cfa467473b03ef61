package main

import (
	"crypto/sha256"
	"os"
	"runtime"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
)

// parsing is how policies are read, wherever.
var parsing = ast.ParserOptions{ProcessAnnotation: true, RegoVersion: ast.RegoV1}

// modules parses each file once, for inspection and for compilation, which may come at the same time.
// A parsed module isn't changed: the compiler takes copies.
type modules struct{ known sync.Map } // path and content → *parsed

type parsed struct {
	once   sync.Once
	module *ast.Module
	err    error
}

type content struct {
	path string
	sum  [sha256.Size]byte
}

// all parses the files on all cores; a module and an error for each, in order.
func (m *modules) all(paths []string) ([]*ast.Module, []error) {
	found, errs := make([]*ast.Module, len(paths)), make([]error, len(paths))
	numbers := make(chan int)
	var working sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(paths)) {
		working.Go(func() {
			for i := range numbers {
				found[i], errs[i] = m.one(paths[i])
			}
		})
	}
	for i := range paths {
		numbers <- i
	}
	close(numbers)
	working.Wait()
	return found, errs
}

func (m *modules) one(path string) (*ast.Module, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	entry, _ := m.known.LoadOrStore(content{path, sha256.Sum256(text)}, &parsed{})
	p := entry.(*parsed)
	p.once.Do(func() { p.module, p.err = ast.ParseModuleWithOpts(path, string(text), parsing) })
	return p.module, p.err
}

// reparse gives a file's errors with another name for it.
func reparse(path, name string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	_, err = ast.ParseModuleWithOpts(name, string(text), parsing)
	return err
}
