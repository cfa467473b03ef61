package main

import (
	"encoding/json"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
)

// sharedSize is how many bytes a member of the input must have to be worth remembering.
const sharedSize = 4 << 10

// shared are the members that all images of a run have in common.
var shared = map[string]bool{"snapshot": true, "policy_spec": true}

// inputs reads the documents that rules judge. What the documents of a run have in common, such as a snapshot of a
// thousand images, is made a value once and not once for each image: equal text, equal value. Values aren't changed.
type inputs struct {
	mutex sync.Mutex
	known map[string]lastMember // the newest of each shared member
}

type lastMember struct {
	text  string
	value ast.Value
}

// read takes a document as the contract has it, see readFloats.
func (i *inputs) read(text []byte) (ast.Value, error) {
	var members map[string]json.RawMessage
	if len(text) < sharedSize || json.Unmarshal(text, &members) != nil || members == nil {
		return readFloats(text)
	}
	document := ast.NewObject()
	for name, member := range members {
		read := readFloats
		if shared[name] && len(member) >= sharedSize {
			read = func(text []byte) (ast.Value, error) { return i.member(name, text) }
		}
		value, err := read(member)
		if err != nil {
			return nil, err
		}
		document.Insert(ast.StringTerm(name), ast.NewTerm(value))
	}
	return document, nil
}

func (i *inputs) member(name string, text []byte) (ast.Value, error) {
	i.mutex.Lock()
	last := i.known[name]
	i.mutex.Unlock()
	if last.value != nil && last.text == string(text) {
		return last.value, nil
	}
	value, err := readFloats(text)
	if err != nil {
		return nil, err
	}
	i.mutex.Lock()
	defer i.mutex.Unlock()
	if i.known == nil {
		i.known = map[string]lastMember{}
	}
	i.known[name] = lastMember{string(text), value}
	return value, nil
}
