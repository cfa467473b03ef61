package main

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
)

// An entry is one rule of an inspected directory.
type entry struct {
	Package string `json:"package"`
	Name    string `json:"name"`
	File    string `json:"file"`
	Row     int    `json:"row"`
	Code    string `json:"code"`
	Chain   []link `json:"chain"`
}

// A link is one block of metadata that speaks of a rule; without a scope, the rule has no block of its own.
type link struct {
	Scope       string         `json:"scope"`
	Title       string         `json:"title,omitempty"`
	Description string         `json:"description,omitempty"`
	Custom      map[string]any `json:"custom,omitempty"`
	Dates       [][]any        `json:"dates,omitempty"` // where in custom: names and indexes from the top
	Unsupported string         `json:"unsupported,omitempty"`
	Whole       *whole         `json:"whole,omitempty"`
}

// A whole is all that OPA knows of a block, as it writes it; of a rule without a block, the rule's place.
type whole struct {
	Annotations *ast.Annotations `json:"annotations,omitempty"`
	Location    place            `json:"location"`
	Path        ast.Ref          `json:"path"`
}

type place struct {
	File   string `json:"file"`
	Row    int    `json:"row"`
	Column int    `json:"col"`
}

var errNoFiles = errors.New("no rego files found in policy subdirectory")

// inspect lists the rules of all policy files below a directory, without compiling them. Whole blocks are for people to
// read; judging needs less.
func (s *session) inspect(directory string, whole bool) ([]entry, error) {
	names, err := policyFiles(directory)
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, errNoFiles
	}
	paths := make([]string, len(names))
	for i, name := range names {
		paths[i] = filepath.Join(directory, filepath.FromSlash(name))
	}
	entries := []entry{}
	modules, errs := s.modules.all(paths)
	for i, module := range modules {
		if errs[i] != nil {
			return nil, reparse(paths[i], names[i])
		}
		// Each file by itself: what is said of a package elsewhere doesn't count here.
		annotations, wrong := ast.BuildAnnotationSet([]*ast.Module{module})
		if len(wrong) > 0 {
			return nil, rename(wrong, paths[i], names[i])
		}
		for _, rule := range module.Rules {
			entries = append(entries, describe(rule, annotations, names[i], whole))
		}
	}
	return entries, nil
}

// rename gives the errors' text with the file's other name.
func rename(errs ast.Errors, path, name string) error {
	return errors.New(strings.ReplaceAll(errs.Error(), path, name))
}

// policyFiles are the policy files below a directory, in order, by slashed paths relative to it; tests aren't among them.
func policyFiles(directory string) ([]string, error) {
	resolved, err := filepath.EvalSymlinks(directory)
	if err != nil {
		return nil, err
	}
	var names []string
	err = filepath.WalkDir(resolved, func(path string, file fs.DirEntry, err error) error {
		if err != nil || file.IsDir() {
			return err
		}
		lower := strings.ToLower(file.Name())
		if !strings.HasSuffix(lower, ".rego") || strings.HasSuffix(lower, "_test.rego") {
			return nil
		}
		name, err := filepath.Rel(resolved, path)
		names = append(names, filepath.ToSlash(name))
		return err
	})
	return names, err
}

func describe(rule *ast.Rule, annotations *ast.AnnotationSet, file string, whole bool) entry {
	e := entry{
		Package: namespace(rule.Module),
		Name:    name(rule.Head),
		File:    file,
		Row:     rule.Location.Row,
		Code:    guessCode(rule),
		Chain:   []link{},
	}
	for _, ref := range annotations.Chain(rule) {
		var l link
		if a := ref.Annotations; a != nil {
			l = link{Scope: a.Scope, Title: a.Title, Description: a.Description}
			l.Custom, l.Dates = readCustom(a.Custom)
		}
		if r := ref.GetRule(); r != nil && !supported(r.Head) {
			l.Unsupported = fmt.Sprintf("the rule %q returns an unsupported value, at %s:%d", r, file, r.Location.Row)
		}
		if whole {
			l.Whole = describeWhole(ref, file)
		}
		e.Chain = append(e.Chain, l)
	}
	return e
}

// name is the rule's; of one that denies under a path, such as deny.x, the path's beginning, so that it isn't overlooked.
func name(head *ast.Head) string {
	if head.Name == "" && denies(head) && !misread(head) {
		return head.Ref()[0].Value.String()
	}
	return string(head.Name)
}

func describeWhole(ref *ast.AnnotationsRef, file string) *whole {
	w := &whole{Path: ref.Path}
	if at := ref.Location; at != nil {
		w.Location = place{File: file, Row: at.Row, Column: at.Col}
	}
	if ref.Annotations != nil {
		annotations := *ref.Annotations
		if annotations.Custom != nil {
			annotations.Custom = copyPlain(annotations.Custom, nil, func(_ []any, t time.Time) any { return t }).(map[string]any)
		}
		w.Annotations = &annotations
	}
	return w
}

// supported tells whether a head can yield a result.
func supported(head *ast.Head) bool {
	term := head.Value
	if term == nil {
		term = head.Key
	}
	if term == nil {
		return false
	}
	switch term.Value.(type) {
	case ast.String, ast.Object, ast.Var, ast.Call:
		return true
	}
	return false
}

// guessCode guesses what a rule without metadata reports: the first assigned object's code, else package and rule name.
func guessCode(rule *ast.Rule) string {
	for _, expression := range rule.Body {
		if !expression.IsAssignment() {
			continue
		}
		object, ok := expression.Operand(1).Value.(ast.Object)
		if !ok {
			continue
		}
		if code := object.Get(ast.StringTerm("code")); code != nil {
			if text, ok := code.Value.(ast.String); ok && text != "" {
				return string(text)
			}
		}
	}
	second := ""
	if path := rule.Module.Package.Path; len(path) > 1 {
		if text, ok := path[1].Value.(ast.String); ok {
			second = string(text)
		}
	}
	return second + "." + string(rule.Head.Name)
}

// readCustom gives what judging needs of custom members: dates as Go prints them, with the paths of those that are no texts.
func readCustom(custom map[string]any) (map[string]any, [][]any) {
	var dates [][]any
	members := copyPlain(custom, nil, func(path []any, t time.Time) any {
		if len(path) == 1 && (path[0] == "effective_on" || path[0] == "solution") {
			return t.Format(time.RFC3339)
		}
		dates = append(dates, slices.Clone(path))
		return t.String()
	})
	return members.(map[string]any), dates
}

// copyPlain makes JSON of what YAML gave, in a copy: what JSON hasn't becomes text, and dates what the caller wants.
// The path leads to the value from the top.
func copyPlain(value any, path []any, convertDate func([]any, time.Time) any) any {
	switch v := value.(type) {
	case time.Time:
		return convertDate(path, v)
	case float64:
		if math.IsInf(v, 0) || math.IsNaN(v) {
			return fmt.Sprint(v)
		}
	case []any:
		items := make([]any, len(v))
		for i := range v {
			items[i] = copyPlain(v[i], append(path, i), convertDate)
		}
		return items
	case map[string]any:
		members := make(map[string]any, len(v))
		for key := range v {
			members[key] = copyPlain(v[key], append(path, key), convertDate)
		}
		return members
	case map[any]any:
		members := make(map[string]any, len(v))
		for key := range v {
			name := fmt.Sprint(key)
			members[name] = copyPlain(v[key], append(path, name), convertDate)
		}
		return members
	}
	return value
}
