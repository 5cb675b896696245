package chattest

import (
	"encoding/json"
	"path/filepath"
	"testing"
)

// Damaged hands the events of the shared payloads of a network over with something
// missing, or of another kind than it should be: a connector must not panic.
func Damaged(t *testing.T, network string, take func(event json.RawMessage)) {
	files := payloads(t, network, "*.json")
	if len(files) == 0 {
		t.Skip("the shared payloads are not beside the project")
	}
	for _, file := range files {
		for _, broken := range damages(event(t, file)) {
			func() {
				defer func() {
					if p := recover(); p != nil {
						t.Errorf("%s: %s: %v", filepath.Base(file), broken, p)
					}
				}()
				take(broken)
			}()
		}
	}
}

// damages returns a JSON text with each of its values left out, or another in its place,
// and cut off after each byte.
func damages(raw []byte) (all [][]byte) {
	var whole any
	if json.Unmarshal(raw, &whole) != nil {
		return nil
	}
	var walk func(v any, put func(any))
	walk = func(v any, put func(any)) {
		for _, other := range []any{nil, 7.5, "x", true, []any{}, map[string]any{}, []any{map[string]any{}}} {
			put(other)
			if b, err := json.Marshal(whole); err == nil {
				all = append(all, b)
			}
		}
		put(v)
		switch v := v.(type) {
		case map[string]any:
			for key, value := range v {
				delete(v, key)
				if b, err := json.Marshal(whole); err == nil {
					all = append(all, b)
				}
				walk(value, func(other any) { v[key] = other })
			}
		case []any:
			for i, value := range v {
				walk(value, func(other any) { v[i] = other })
			}
		}
	}
	walk(whole, func(other any) { whole = other })
	for n := range raw {
		all = append(all, raw[:n])
	}
	return all
}
