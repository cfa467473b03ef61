package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/bundle"
	"github.com/open-policy-agent/opa/v1/loader"
	"github.com/open-policy-agent/opa/v1/storage"
)

var (
	failing = regexp.MustCompile(`^(deny|violation)(_[a-zA-Z0-9]+)*$`)
	warning = regexp.MustCompile(`^warn(_[a-zA-Z0-9]+)*$`)
)

// load makes a program of policies and data; the texts of its errors begin "load: ".
func (s *session) load(ctx context.Context, r *request) (any, error) {
	p, err := s.compile(r)
	if err != nil {
		return nil, fmt.Errorf("load: loading policies: %w", err)
	}
	if p.store, err = documents(ctx, r.Data, r.Documents); err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	id := s.made.Add(1)
	s.programs.Store(id, p)
	return map[string]any{"program": id, "rules": p.names}, nil
}

func (s *session) compile(r *request) (*program, error) {
	capabilities, declared, err := capabilities(r)
	if err != nil {
		return nil, err
	}
	modules, err := s.policies(r.Policies)
	if err != nil {
		return nil, err
	}
	compiler := ast.NewCompiler().WithCapabilities(capabilities).WithEnablePrintStatements(true)
	if compiler.Compile(modules); compiler.Failed() {
		return nil, fmt.Errorf("get compiler: %w", compiler.Errors)
	}
	p := &program{compiler: compiler, names: map[string][]string{}, unjudged: map[string]string{}, queries: map[string]*preparedQuery{}}
	for _, b := range declared {
		p.functions = append(p.functions, s.function(b))
	}
	for _, file := range sorted(modules) {
		module := modules[file]
		for _, rule := range module.Rules {
			if misread(rule.Head) {
				return nil, fmt.Errorf("rule is using 'if' keyword without 'contains' keyword: rule in %s at line %d",
					module.Package.Location.File, rule.Head.Location.Row)
			}
		}
		p.add(module)
	}
	return p, nil
}

// policies are the modules below the directories, tests too.
func (s *session) policies(directories []string) (map[string]*ast.Module, error) {
	onlyPolicies := func(_ string, file fs.FileInfo, _ int) bool {
		return !file.IsDir() && !strings.HasSuffix(file.Name(), bundle.RegoExt)
	}
	paths, err := loader.FilteredPaths(directories, onlyPolicies)
	if err == nil && len(paths) > 0 {
		found, errs := s.modules.all(paths)
		if errors.Join(errs...) == nil {
			modules := make(map[string]*ast.Module, len(paths))
			for i, path := range paths {
				modules[path] = found[i]
			}
			return modules, nil
		}
	}
	// Once more in OPA's own way, for the words of its errors.
	files, err := loader.NewFileLoader().WithProcessAnnotation(true).WithRegoVersion(ast.RegoV1).
		Filtered(directories, onlyPolicies)
	if err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	if len(files.Modules) == 0 {
		return nil, fmt.Errorf("no policies found in %v", directories)
	}
	return files.ParsedModules(), nil
}

// capabilities are OPA's own without the withheld functions, and the parent's functions, which are listed too.
func capabilities(r *request) (*ast.Capabilities, []*ast.Builtin, error) {
	c := ast.CapabilitiesForThisVersion()
	c.AllowNet = r.Hosts
	kept := c.Builtins[:0]
	for _, b := range c.Builtins {
		if !slices.Contains(r.Withheld, b.Name) {
			// Errors show a function's type, and without the arguments' names.
			kept = append(kept, b.Minimal())
		}
	}
	c.Builtins = kept
	var declared []*ast.Builtin
	for _, text := range r.Builtins {
		b := &ast.Builtin{}
		if err := json.Unmarshal(text, b); err != nil {
			return nil, nil, fmt.Errorf("declaration of a function: %w", err)
		}
		declared = append(declared, b)
	}
	c.Builtins = append(c.Builtins, declared...)
	return c, declared, nil
}

// misread finds `deny[x] if …`, which in Rego v1 means a map of booleans and no longer a set of results.
func misread(head *ast.Head) bool {
	if head.Name != "" || head.Value == nil || len(head.Reference) == 0 || head.Value.String() != "true" {
		return false
	}
	name := head.Reference[0].Value.String()
	return failing.MatchString(name) || warning.MatchString(name)
}

// documents are the data below the roots. Each directory that holds such a file is a root of its own, so a file
// may be loaded at several places.
func documents(ctx context.Context, directories []string, replaced map[string]json.RawMessage) (storage.Store, error) {
	noDocument := func(_ string, file fs.FileInfo, _ int) bool {
		return !file.IsDir() && !slices.Contains([]string{".json", ".yaml", ".yml"}, filepath.Ext(file.Name()))
	}
	files, err := loader.FilteredPaths(directories, noDocument)
	if err != nil {
		return nil, fmt.Errorf("filter data paths: %w", err)
	}
	var roots []string
	for _, file := range files {
		if err := readable(file); err != nil {
			return nil, fmt.Errorf("load documents: %w", err)
		}
		if root := filepath.Dir(file); !slices.Contains(roots, root) {
			roots = append(roots, root)
		}
	}
	slices.Sort(roots)
	loaded, err := loader.NewFileLoader().Filtered(roots, noDocument)
	if err != nil {
		return nil, fmt.Errorf("load documents: %w", err)
	}
	store, err := loaded.Store()
	if err != nil {
		return nil, fmt.Errorf("get documents store: %w", err)
	}
	return store, storage.Txn(ctx, store, storage.WriteParams, func(txn storage.Transaction) error {
		return write(ctx, store, txn, replaced)
	})
}

// write puts documents at their slashed paths, in place of what is there.
func write(ctx context.Context, store storage.Store, txn storage.Transaction, documents map[string]json.RawMessage) error {
	for name, text := range documents {
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.UseNumber()
		var document any
		if err := decoder.Decode(&document); err != nil {
			return fmt.Errorf("document %s: %w", name, err)
		}
		path := storage.Path(strings.Split(name, "/"))
		if err := storage.MakeDir(ctx, store, txn, path[:len(path)-1]); err != nil {
			return fmt.Errorf("document %s: %w", name, err)
		}
		if err := store.Write(ctx, txn, storage.AddOp, path, document); err != nil {
			return fmt.Errorf("document %s: %w", name, err)
		}
	}
	return nil
}

// namespace is a package's path without `data.`.
func namespace(module *ast.Module) string {
	return strings.Replace(module.Package.Path.String(), "data.", "", 1)
}

func sorted[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}
