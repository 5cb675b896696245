package main

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// UnmarshalYAML reads a time span.
func (d *duration) UnmarshalYAML(n *yaml.Node) error {
	v, err := time.ParseDuration(n.Value)
	if n.Value == "0" {
		v, err = 0, nil
	}
	if err != nil || v < 0 {
		return fmt.Errorf("%q is no time span, as 5s, 2m or 1h", n.Value)
	}
	*d = duration(v)
	return nil
}

// parse reads the file and returns all mistakes, in the order of their lines.
func (c *config) parse(raw []byte) []mistake {
	var doc yaml.Node
	if err := yaml.Unmarshal(raw, &doc); err != nil {
		return []mistake{yamlMistake(err)}
	}
	var all []mistake
	if len(doc.Content) == 0 {
		return []mistake{{0, "the file is empty: hashsend init writes one"}}
	}
	root := doc.Content[0]
	if root.Kind != yaml.MappingNode {
		return []mistake{{root.Line, "the file must be a list of settings, as tag: \"#Send\""}}
	}
	r := reader{lines: map[string]int{}}
	r.read(root, reflect.ValueOf(c).Elem(), "")
	all = append(all, r.mistakes...)
	if len(all) == 0 {
		for _, m := range c.check() {
			all = append(all, mistake{r.line(m.at), m.at + ": " + m.text})
		}
	}
	slices.SortStableFunc(all, func(a, b mistake) int { return a.line - b.line })
	return all
}

var yamlLine = regexp.MustCompile(`line (\d+)`)

func yamlMistake(err error) mistake {
	m := mistake{text: "it is no YAML: " + strings.TrimPrefix(err.Error(), "yaml: ")}
	if found := yamlLine.FindStringSubmatch(err.Error()); found != nil {
		m.line, _ = strconv.Atoi(found[1])
	}
	// The library may print the text of a line, which may hold a password.
	if i := strings.Index(m.text, "`"); i >= 0 {
		m.text = m.text[:i] + "…"
	}
	return m
}

// reader fills structs from a YAML tree and remembers where each key stands.
type reader struct {
	lines    map[string]int
	mistakes []mistake
}

// line returns where a key, or the nearest key above it, stands.
func (r *reader) line(at string) int {
	for at != "" {
		if n := r.lines[at]; n > 0 {
			return n
		}
		at = at[:max(strings.LastIndexAny(at, ".["), 0)]
	}
	return 0
}

func (r *reader) wrong(n *yaml.Node, format string, args ...any) {
	r.mistakes = append(r.mistakes, mistake{n.Line, fmt.Sprintf(format, args...)})
}

func (r *reader) read(n *yaml.Node, v reflect.Value, at string) {
	if n.Kind == yaml.AliasNode {
		r.wrong(n, "%s: aliases are not used here", at)
		return
	}
	if v.Kind() == reflect.Pointer {
		if n.Tag == "!!null" {
			return
		}
		v.Set(reflect.New(v.Type().Elem()))
		r.read(n, v.Elem(), at)
		return
	}
	if u, ok := v.Addr().Interface().(yaml.Unmarshaler); ok {
		if err := u.UnmarshalYAML(n); err != nil {
			r.wrong(n, "%s: %v", at, err)
		}
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		r.readStruct(n, v, at)
	case reflect.Slice:
		if n.Kind != yaml.SequenceNode {
			r.wrong(n, "%s: wanted is a list, each entry behind a dash", at)
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
		for i, e := range n.Content {
			r.lines[fmt.Sprintf("%s[%d]", at, i)] = e.Line
			r.read(e, v.Index(i), fmt.Sprintf("%s[%d]", at, i))
		}
	case reflect.Map:
		if n.Kind != yaml.MappingNode {
			r.wrong(n, "%s: wanted is a list of KEY: VALUE", at)
			return
		}
		v.Set(reflect.MakeMap(v.Type()))
		for i := 0; i+1 < len(n.Content); i += 2 {
			path := at + "." + n.Content[i].Value
			r.lines[path] = n.Content[i].Line
			value := reflect.New(v.Type().Elem()).Elem()
			r.read(n.Content[i+1], value, path)
			v.SetMapIndex(reflect.ValueOf(n.Content[i].Value), value)
		}
	default:
		r.readScalar(n, v, at)
	}
}

func (r *reader) readScalar(n *yaml.Node, v reflect.Value, at string) {
	want := map[reflect.Kind]string{reflect.Int: "a number", reflect.Bool: "true or false", reflect.String: "a text"}[v.Kind()]
	if n.Kind != yaml.ScalarNode {
		r.wrong(n, "%s: wanted is %s", at, want)
		return
	}
	if v.Kind() == reflect.String {
		v.SetString(n.Value)
		return
	}
	if err := n.Decode(v.Addr().Interface()); err != nil {
		r.wrong(n, "%s: %q is not %s", at, n.Value, want)
	}
}

func (r *reader) readStruct(n *yaml.Node, v reflect.Value, at string) {
	if n.Kind != yaml.MappingNode {
		if n.Tag != "!!null" {
			r.wrong(n, "%s: wanted are settings, as KEY: VALUE", at)
		}
		return
	}
	fields := map[string]reflect.Value{}
	collect(v, fields)
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		path := strings.TrimPrefix(at+"."+key.Value, ".")
		field, known := fields[key.Value]
		switch {
		case !known:
			r.wrong(key, "%s: there is no such setting%s", path, nearest(key.Value, fields))
		case seen[key.Value]:
			r.wrong(key, "%s: it is set twice", path)
		default:
			seen[key.Value] = true
			r.lines[path] = key.Line
			r.read(n.Content[i+1], field, path)
		}
	}
}

// collect finds the fields of a struct by their keys, those of inlined structs too.
func collect(v reflect.Value, into map[string]reflect.Value) {
	t := v.Type()
	for i := range t.NumField() {
		tag, inline := t.Field(i).Tag.Lookup("yaml")
		switch {
		case tag == ",inline":
			collect(v.Field(i), into)
		case inline:
			into[tag] = v.Field(i)
		}
	}
}

// nearest proposes the key that was probably meant.
func nearest(key string, fields map[string]reflect.Value) string {
	best, distance := "", 3
	for name := range fields {
		if d := editDistance(key, name); d < distance || (d == distance && best != "" && name < best) {
			best, distance = name, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %s?)", best)
}

func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		last := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			last, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, last+cost)
		}
	}
	return row[len(b)]
}
