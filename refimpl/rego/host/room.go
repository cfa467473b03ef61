package main

import (
	"encoding/json"
	"fmt"
)

const (
	// depthLimit is how deep what rules say may be nested; the parent walks through it with a small stack.
	depthLimit = 250
	// roomLimit is about how many bytes of JSON all that the rules of one evaluation say may have.
	roomLimit = 64 << 20
)

// A room is what is taken of roomLimit.
type room struct{ taken int }

// take takes what a value needs; the error's text goes on after the value's name and a verb.
func (r *room) take(value any) error { return r.within(value, depthLimit) }

func (r *room) within(value any, depth int) error {
	r.taken += 32 // what a value costs the parent at least, however short its text
	switch v := value.(type) {
	case string:
		r.taken += len(v)
	case json.Number:
		r.taken += len(v)
	case []any:
		if depth == 0 {
			return fmt.Errorf("nested too deeply: more than %d levels", depthLimit)
		}
		for _, item := range v {
			if err := r.within(item, depth-1); err != nil {
				return err
			}
		}
	case map[string]any:
		if depth == 0 {
			return fmt.Errorf("nested too deeply: more than %d levels", depthLimit)
		}
		for name, member := range v {
			r.taken += len(name)
			if err := r.within(member, depth-1); err != nil {
				return err
			}
		}
	}
	if r.taken > roomLimit {
		return fmt.Errorf("too large: more than %d MiB in one evaluation", roomLimit>>20)
	}
	return nil
}
