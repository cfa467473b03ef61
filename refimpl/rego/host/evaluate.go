package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage"
)

// A program is compiled policies with their data. It isn't changed once it is made, but for the queries it keeps.
type program struct {
	compiler  *ast.Compiler
	store     storage.Store
	functions []func(*rego.Rego)
	names     map[string][]string // namespace → its rules' names, each once
	unjudged  map[string]string   // namespace → what is wrong with the first rule that denies in no form that can be judged

	mutex   sync.Mutex
	queries map[string]*preparedQuery
}

type preparedQuery struct {
	once  sync.Once
	query rego.PreparedEvalQuery
	err   error
}

// An outcome is what the judging rules of the namespaces said; also those that have an exception.
type outcome struct {
	Values   map[string]map[string][]any `json:"values"`
	Excepted map[string][]string         `json:"excepted"`
	room     room
}

// A judgingRule is a deny, violation or warn rule.
type judgingRule struct{ namespace, name string }

func (j judgingRule) ref() string { return "data." + j.namespace + "." + j.name }

// exception is the query that is true when the rule has an exception: it is named without what tells its kind.
func (j judgingRule) exception() string {
	name := ""
	if _, rest, ok := strings.Cut(j.name, "_"); ok {
		name = rest
	}
	return fmt.Sprintf("data.%s.exception[_][_] == %q", j.namespace, name)
}

func (p *program) add(module *ast.Module) {
	place := namespace(module)
	names := p.names[place]
	known := make(map[string]bool, len(names))
	for _, name := range names {
		known[name] = true
	}
	for _, rule := range module.Rules {
		if _, ok := p.unjudged[place]; !ok && denies(rule.Head) && !judgeable(rule.Head) {
			p.unjudged[place] = fmt.Sprintf(
				"the rule %v can't be judged: what denies is a set of results (%v contains …): rule in %s at line %d",
				rule.Head.Ref(), rule.Head.Ref()[0], module.Package.Location.File, rule.Head.Location.Row)
		}
		if name := string(rule.Head.Name); name != "" && !known[name] {
			known[name] = true
			names = append(names, name)
		}
	}
	if names == nil {
		names = []string{}
	}
	p.names[place] = names
}

// denies tells whether a rule's name, or the first part of it, says that it denies.
func denies(head *ast.Head) bool {
	name, ok := head.Ref()[0].Value.(ast.Var)
	return ok && failing.MatchString(string(name))
}

// judgeable tells whether a rule's answer is a value of its own, and not a member of an object.
func judgeable(head *ast.Head) bool {
	return len(head.Ref()) == 1 && (head.Key == nil || head.Value == nil)
}

func (p *program) judgingRules(namespaces []string) []judgingRule {
	var rules []judgingRule
	for _, place := range namespaces {
		for _, name := range p.names[place] {
			if failing.MatchString(name) || warning.MatchString(name) {
				rules = append(rules, judgingRule{place, name})
			}
		}
	}
	return rules
}

func (s *session) evaluate(ctx context.Context, r *request) (any, []line, error) {
	found, ok := s.programs.Load(r.Program)
	if !ok {
		return nil, nil, fmt.Errorf("there is no program %d", r.Program)
	}
	p := found.(*program)
	input, err := s.inputs.read(r.body)
	if err != nil {
		return nil, nil, fmt.Errorf("parse inputs: %w", err)
	}
	for _, place := range r.Namespaces {
		if wrong, ok := p.unjudged[place]; ok {
			return nil, nil, fmt.Errorf("query rule: check: query rule: %s", wrong)
		}
	}
	rules := p.judgingRules(r.Namespaces)
	var txn storage.Transaction
	if len(r.Documents) > 0 {
		// What only this evaluation sees is written in a transaction that never ends well. There is one at a time.
		if txn, err = p.store.NewTransaction(ctx, storage.WriteParams); err != nil {
			return nil, nil, err
		}
		defer p.store.Abort(context.WithoutCancel(ctx), txn)
		if err = write(ctx, p.store, txn, r.Documents); err != nil {
			return nil, nil, err
		}
	}
	if !r.Lines {
		result, err := p.evaluateTogether(ctx, input, txn, rules, r.Namespaces)
		if err == nil {
			return result, nil, nil
		}
		if from := ctx.Value(askerKey{}).(*asker); ctx.Err() != nil || from.raised.Load() {
			return nil, nil, fmt.Errorf("query rule: check: query rule: evaluating policy: %w", err)
		}
		// One by one tells which rule it was, and in which words.
	}
	return p.evaluateApart(ctx, input, txn, rules, r)
}

func newOutcome(namespaces []string) *outcome {
	o := &outcome{Values: map[string]map[string][]any{}, Excepted: map[string][]string{}}
	for _, place := range namespaces {
		o.Values[place] = map[string][]any{}
	}
	return o
}

// add takes a rule's answers: none when it is undefined.
func (o *outcome) add(j judgingRule, excepted bool, answers []any) error {
	values := []any{}
	if len(answers) > 0 {
		var ok bool
		if values, ok = answers[0].([]any); !ok {
			if failing.MatchString(j.name) {
				return fmt.Errorf("the rule %s can't be judged: its value is %s, and not a set of results (%s contains …)",
					j.ref(), kind(answers[0]), j.name)
			}
			values = []any{}
		}
	}
	if err := o.room.take(values); err != nil {
		return fmt.Errorf("the answer of %s is %w", j.ref(), err)
	}
	o.Values[j.namespace][j.name] = values
	if excepted {
		o.Excepted[j.namespace] = append(o.Excepted[j.namespace], j.name)
	}
	return nil
}

// kind is what a value that is no collection of others is called.
func kind(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case string:
		return "a text"
	case bool:
		return "a boolean"
	case map[string]any:
		return "an object"
	}
	return "a number"
}

// evaluateTogether evaluates all rules in one query, which shares what they have in common.
func (p *program) evaluateTogether(
	ctx context.Context, input ast.Value, txn storage.Transaction, rules []judgingRule, namespaces []string,
) (*outcome, error) {
	result := newOutcome(namespaces)
	if len(rules) == 0 {
		return result, nil
	}
	query, err := p.prepare(ctx, rules, namespaces)
	if err != nil {
		return nil, err
	}
	answers, err := query.Eval(ctx, rego.EvalParsedInput(input), rego.EvalTransaction(txn))
	if err != nil {
		return nil, err
	}
	pairs, ok := answers[0].Expressions[0].Value.([]any)
	if !ok || len(pairs) != len(rules) {
		return nil, errors.New("the query for all rules has another answer than rules")
	}
	for i, j := range rules {
		pair := pairs[i].([]any)
		if err := result.add(j, len(pair[0].([]any)) > 0, pair[1].([]any)); err != nil {
			return nil, err
		}
	}
	return result, nil
}

// prepare compiles the query for all rules: a pair for each, whether it is excepted and what it says.
func (p *program) prepare(ctx context.Context, rules []judgingRule, namespaces []string) (*rego.PreparedEvalQuery, error) {
	key := strings.Join(namespaces, "\n")
	p.mutex.Lock()
	prepared := p.queries[key]
	if prepared == nil {
		prepared = &preparedQuery{}
		p.queries[key] = prepared
	}
	p.mutex.Unlock()
	prepared.once.Do(func() {
		var query strings.Builder
		for i, j := range rules {
			fmt.Fprintf(&query, "%c[[true | %s], [x | x := %s]]", " ,"[min(i, 1)], j.exception(), j.ref())
		}
		// The query outlives the request that happens to come first.
		options := append(p.options("["+query.String()+"]"), rego.EnablePrintStatements(true))
		prepared.query, prepared.err = rego.New(options...).PrepareForEval(context.WithoutCancel(ctx))
	})
	return &prepared.query, prepared.err
}

func (p *program) options(query string) []func(*rego.Rego) {
	return append([]func(*rego.Rego){rego.Query(query), rego.Compiler(p.compiler), rego.Store(p.store)}, p.functions...)
}

// evaluateApart evaluates rule by rule, as the words of errors, prints and traces want it.
func (p *program) evaluateApart(
	ctx context.Context, input ast.Value, txn storage.Transaction, rules []judgingRule, r *request,
) (*outcome, []line, error) {
	result := newOutcome(r.Namespaces)
	said := &lines{wanted: r.Lines, traced: r.Trace}
	for i, j := range rules {
		if i > 0 && rules[i-1].namespace != j.namespace {
			said.flush()
		}
		excepted, err := p.ask(ctx, input, txn, j.exception(), said)
		if err != nil {
			return nil, said.flush(), fmt.Errorf("query rule: check: query exception: evaluating policy: %w", err)
		}
		value, err := p.ask(ctx, input, txn, j.ref(), said)
		if err != nil {
			return nil, said.flush(), fmt.Errorf("query rule: check: query rule: evaluating policy: %w", err)
		}
		var answers []any
		if len(value) > 0 {
			answers = []any{value[0].Expressions[0].Value}
		}
		if err := result.add(j, holds(excepted), answers); err != nil {
			return nil, said.flush(), fmt.Errorf("query rule: check: query rule: %w", err)
		}
	}
	return result, said.flush(), nil
}

// holds tells whether a comparison was true somewhere.
func holds(answers rego.ResultSet) bool {
	for _, a := range answers {
		if a.Expressions[0].Value == true {
			return true
		}
	}
	return false
}

func (p *program) ask(
	ctx context.Context, input ast.Value, txn storage.Transaction, query string, said *lines,
) (rego.ResultSet, error) {
	options := append(p.options(query), rego.ParsedInput(input), rego.Transaction(txn))
	traced := &tracer{}
	if said.wanted {
		said.query = query
		options = append(options, rego.PrintHook(said))
	}
	if said.traced {
		options = append(options, rego.QueryTracer(traced))
	}
	answers, err := rego.New(options...).Eval(ctx)
	said.trace(traced.BufferTracer)
	return answers, err
}

// readFloats reads JSON as the contract's input: each number is a 64-bit float, spelled as Go's JSON spells it.
func readFloats(text []byte) (ast.Value, error) {
	var document any
	if err := json.Unmarshal(text, &document); err != nil {
		return nil, err
	}
	document, err := respell(document)
	if err != nil {
		return nil, err
	}
	return ast.InterfaceToValue(document)
}

func respell(value any) (any, error) {
	var err error
	switch v := value.(type) {
	case float64:
		text, err := json.Marshal(v)
		return json.Number(text), err
	case []any:
		for i := range v {
			if v[i], err = respell(v[i]); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		for key := range v {
			if v[key], err = respell(v[key]); err != nil {
				return nil, err
			}
		}
	}
	return value, nil
}
