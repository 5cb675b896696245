package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"go.yaml.in/yaml/v4"
)

// secret is a value that is never printed. The configuration has the value itself, {file: PATH}
// or {env: NAME}.
type secret struct {
	value string
	set   bool
	here  bool // the configuration file itself contains it
}

// String hides the value.
func (s secret) String() string {
	if s.value == "" {
		return ""
	}
	return "********"
}

// GoString hides the value from %#v too.
func (s secret) GoString() string { return s.String() }

// UnmarshalYAML reads a secret from where the configuration says.
func (s *secret) UnmarshalYAML(n *yaml.Node) error {
	s.set = true
	if n.Kind == yaml.ScalarNode {
		s.value = n.Value
		if n.Tag == "!!null" {
			s.value = ""
		}
		s.here = s.value != ""
		return nil
	}
	var from struct {
		File string `yaml:"file"`
		Env  string `yaml:"env"`
	}
	if n.Kind != yaml.MappingNode || len(n.Content) != 2 || n.Decode(&from) != nil || (from.File == "") == (from.Env == "") {
		return errors.New("expected text, {file: PATH} or {env: NAME}")
	}
	if from.Env != "" {
		v, there := os.LookupEnv(from.Env)
		if !there || v == "" {
			return fmt.Errorf("the environment variable %s is not set", from.Env)
		}
		s.value = v
		return nil
	}
	raw, err := os.ReadFile(from.File)
	if err != nil {
		return err
	}
	if s.value = strings.TrimRight(string(raw), "\r\n"); s.value == "" {
		return fmt.Errorf("the file %s is empty", from.File)
	}
	return nil
}
