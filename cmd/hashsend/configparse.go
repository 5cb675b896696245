package main

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"hashsend/connectors"
)

// UnmarshalYAML reads a duration.
func (d *duration) UnmarshalYAML(n *yaml.Node) error {
	v, err := time.ParseDuration(n.Value)
	if n.Value == "0" {
		v, err = 0, nil
	}
	if err != nil || v < 0 {
		return fmt.Errorf("%q is not a duration, such as 5s, 2m or 1h", n.Value)
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
		return []mistake{{0, "the file is empty: run hashsend init to create a configuration"}}
	}
	root := doc.Content[0]
	if root.Kind != yaml.MappingNode {
		return []mistake{{root.Line, "expected settings, such as tag: \"#Send\""}}
	}
	r := reader{lines: map[string]int{}}
	fields := r.fieldsOf(reflect.ValueOf(c).Elem())
	found := map[string][]network{}
	for _, kind := range c.kinds() {
		fields[kind.Key] = func(n *yaml.Node, at string) { found[kind.Key] = r.networks(kind, n, at) }
	}
	r.readSettings(root, fields, "")
	for _, kind := range c.kinds() {
		c.Networks = append(c.Networks, found[kind.Key]...)
	}
	c.secretHere = r.secretHere
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
	m := mistake{text: "not valid YAML: " + strings.TrimPrefix(err.Error(), "yaml: ")}
	if found := yamlLine.FindStringSubmatch(err.Error()); found != nil {
		m.line, _ = strconv.Atoi(found[1])
	}
	// The library may quote a line of the file, which may contain a password.
	if i := strings.Index(m.text, "`"); i >= 0 {
		m.text = m.text[:i] + "…"
	}
	return m
}

// reader fills structs from a YAML tree and keeps the line of each key.
type reader struct {
	lines      map[string]int
	mistakes   []mistake
	secretHere bool // the file itself contains a secret
}

// setting takes the value of one key.
type setting func(n *yaml.Node, at string)

// line returns the line of a key, or of the nearest key above it.
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
		r.wrong(n, "%s: aliases are not supported", at)
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
		if s, ok := u.(*secret); ok && s.here {
			r.secretHere = true
		}
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		r.readSettings(n, r.fieldsOf(v), at)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
		r.readList(n, at, func(i int, e *yaml.Node, at string) { r.read(e, v.Index(i), at) })
	case reflect.Map:
		if n.Kind != yaml.MappingNode {
			r.wrong(n, "%s: expected KEY: VALUE pairs", at)
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
	want := map[reflect.Kind]string{reflect.Int: "a number", reflect.Bool: "true or false", reflect.String: "text"}[v.Kind()]
	if n.Kind != yaml.ScalarNode {
		r.wrong(n, "%s: expected %s", at, want)
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

// readList calls entry for each entry of a list.
func (r *reader) readList(n *yaml.Node, at string, entry func(i int, e *yaml.Node, at string)) {
	if n.Kind != yaml.SequenceNode {
		r.wrong(n, "%s: expected a list, with a dash before each entry", at)
		return
	}
	for i, e := range n.Content {
		below := fmt.Sprintf("%s[%d]", at, i)
		r.lines[below] = e.Line
		entry(i, e, below)
	}
}

// networks reads the section of a chat network.
func (r *reader) networks(kind connectors.Network, n *yaml.Node, at string) (all []network) {
	r.readList(n, at, func(_ int, e *yaml.Node, at string) {
		entry := network{kind: kind, at: at, Connection: kind.New()}
		fields := r.fieldsOf(reflect.ValueOf(entry.Into()).Elem())
		fields["name"] = func(n *yaml.Node, at string) { r.read(n, reflect.ValueOf(&entry.name).Elem(), at) }
		r.readSettings(e, fields, at)
		if entry.name == "" {
			entry.name = kind.Key
		}
		all = append(all, entry)
	})
	return all
}

// readSettings reads the KEY: VALUE pairs of a section.
func (r *reader) readSettings(n *yaml.Node, fields map[string]setting, at string) {
	if n.Kind != yaml.MappingNode {
		if n.Tag != "!!null" {
			r.wrong(n, "%s: expected settings, such as KEY: VALUE", at)
		}
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		path := strings.TrimPrefix(at+"."+key.Value, ".")
		take, known := fields[key.Value]
		switch {
		case !known:
			r.wrong(key, "%s: unknown setting%s", path, nearest(key.Value, fields))
		case seen[key.Value]:
			r.wrong(key, "%s: set twice", path)
		default:
			seen[key.Value] = true
			r.lines[path] = key.Line
			take(n.Content[i+1], path)
		}
	}
}

// fieldsOf returns the fields of a struct by key, including those of inlined structs.
func (r *reader) fieldsOf(v reflect.Value) map[string]setting {
	fields := map[string]setting{}
	for i := range v.NumField() {
		field := v.Field(i)
		key, option, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ",")
		switch {
		case option == "inline":
			maps.Copy(fields, r.fieldsOf(field))
		case option == "secret":
			fields[key] = func(n *yaml.Node, at string) { r.readSecret(n, field, at) }
		case key != "":
			fields[key] = func(n *yaml.Node, at string) { r.read(n, field, at) }
		}
	}
	return fields
}

// readSecret reads a secret into a string.
func (r *reader) readSecret(n *yaml.Node, v reflect.Value, at string) {
	var s secret
	r.read(n, reflect.ValueOf(&s).Elem(), at)
	v.SetString(s.value)
}

// nearest suggests the key that was probably meant.
func nearest(key string, fields map[string]setting) string {
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
