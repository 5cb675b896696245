package slacktest

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"unicode/utf8"
)

// The place of blocks decides which and how many are allowed.
type surface struct {
	most  int
	types []string
}

var (
	inMessage = surface{50, []string{"rich_text", "section", "header", "context", "divider", "image", "actions", "file", "video", "markdown", "table"}}
	inView    = surface{100, []string{"rich_text", "section", "header", "context", "divider", "image", "actions", "input", "video"}}
)

// node is a JSON object of any form.
type node = map[string]any

// checkBlocks checks blocks as Slack does. The error is the Web API's.
func checkBlocks(raw json.RawMessage, where surface) error {
	var all []node
	if json.Unmarshal(raw, &all) != nil {
		return fail("invalid_blocks_format")
	}
	if err := blocksOf(all, where); err != nil {
		return &apiError{"invalid_blocks", map[string]any{"errors": []string{err.Error()}}}
	}
	return nil
}

func blocksOf(all []node, where surface) error {
	if len(all) > where.most {
		return fmt.Errorf("more than %d items", where.most)
	}
	ids := map[string]bool{}
	for i, b := range all {
		kind, _ := b["type"].(string)
		if !slices.Contains(where.types, kind) {
			return fmt.Errorf("unsupported type: %s [json-pointer:/blocks/%d/type]", kind, i)
		}
		if id, _ := b["block_id"].(string); id != "" {
			if ids[id] || len(id) > 255 {
				return fmt.Errorf("block_id %q is not unique or too long", id)
			}
			ids[id] = true
		}
		if err := block(kind, b); err != nil {
			return fmt.Errorf("%w [json-pointer:/blocks/%d]", err, i)
		}
	}
	return nil
}

func block(kind string, b node) error {
	switch kind {
	case "section":
		if b["text"] == nil && b["fields"] == nil {
			return fmt.Errorf("a section without text")
		}
		if b["text"] != nil {
			return textObject(b["text"], 3000, "")
		}
	case "header":
		return textObject(b["text"], 150, "plain_text")
	case "context", "actions":
		elements, _ := b["elements"].([]any)
		most := map[string]int{"context": 10, "actions": 25}[kind]
		if len(elements) == 0 || len(elements) > most {
			return fmt.Errorf("%d elements", len(elements))
		}
		if kind == "actions" {
			return actions(elements)
		}
	case "input":
		if err := textObject(b["label"], 2000, "plain_text"); err != nil {
			return err
		}
		e, _ := b["element"].(node)
		return inputElement(e)
	case "rich_text":
		elements, _ := b["elements"].([]any)
		if len(elements) == 0 {
			return fmt.Errorf("a rich_text without elements")
		}
		return richText(elements, []string{"rich_text_section", "rich_text_list", "rich_text_quote", "rich_text_preformatted"})
	}
	return nil
}

func textObject(v any, most int, kind string) error {
	o, _ := v.(node)
	text, _ := o["text"].(string)
	is, _ := o["type"].(string)
	switch {
	case is != "plain_text" && is != "mrkdwn", kind != "" && is != kind:
		return fmt.Errorf("a text of type %q", is)
	case text == "":
		return fmt.Errorf("must be more than 0 characters")
	case utf8.RuneCountInString(text) > most:
		return fmt.Errorf("must be less than %d characters", most+1)
	}
	return nil
}

func actions(elements []any) error {
	ids := map[string]bool{}
	for _, v := range elements {
		e, _ := v.(node)
		id, _ := e["action_id"].(string)
		if id != "" && ids[id] {
			return fmt.Errorf("action_id %q is not unique", id)
		}
		if ids[id] = true; len(id) > 255 {
			return fmt.Errorf("an action_id of more than 255 characters")
		}
		if e["type"] != "button" {
			continue
		}
		if err := textObject(e["text"], 75, "plain_text"); err != nil {
			return err
		}
		if value, _ := e["value"].(string); len(value) > 2000 {
			return fmt.Errorf("a value of more than 2000 characters")
		}
		if style, set := e["style"].(string); set && style != "primary" && style != "danger" {
			return fmt.Errorf("a style %q", style)
		}
		if confirm, _ := e["confirm"].(node); confirm != nil {
			for _, field := range []struct {
				name string
				most int
			}{{"title", 100}, {"text", 300}, {"confirm", 30}, {"deny", 30}} {
				if err := textObject(confirm[field.name], field.most, ""); err != nil {
					return fmt.Errorf("confirm.%s: %w", field.name, err)
				}
			}
		}
	}
	return nil
}

func inputElement(e node) error {
	kind, _ := e["type"].(string)
	if !slices.Contains([]string{"plain_text_input", "radio_buttons", "conversations_select", "static_select", "checkboxes", "email_text_input"}, kind) {
		return fmt.Errorf("an input of type %q", kind)
	}
	if id, _ := e["action_id"].(string); len(id) > 255 {
		return fmt.Errorf("an action_id of more than 255 characters")
	}
	if e["placeholder"] != nil {
		if err := textObject(e["placeholder"], 150, "plain_text"); err != nil {
			return fmt.Errorf("placeholder: %w", err)
		}
	}
	if text, _ := e["initial_value"].(string); utf8.RuneCountInString(text) > 3000 {
		return fmt.Errorf("an initial_value of more than 3000 characters")
	}
	switch kind {
	case "radio_buttons":
		return options(e, 10)
	case "static_select":
		return options(e, 100)
	}
	return nil
}

// options checks the options of a choice and the initial one.
func options(e node, most int) error {
	all, _ := e["options"].([]any)
	if len(all) == 0 || len(all) > most {
		return fmt.Errorf("%d options", len(all))
	}
	for _, v := range all {
		o, _ := v.(node)
		if err := textObject(o["text"], 75, ""); err != nil {
			return err
		}
		value, _ := o["value"].(string)
		if value == "" || len(value) > 150 {
			return fmt.Errorf("an option without a value, or with one of more than 150 characters")
		}
	}
	if first := e["initial_option"]; first != nil && !slices.ContainsFunc(all, func(o any) bool { return reflect.DeepEqual(o, first) }) {
		return fmt.Errorf("initial_option is none of the options")
	}
	return nil
}

// The elements of rich text, each with its required field.
var richNeeds = map[string]string{"text": "text", "link": "url", "user": "user_id", "channel": "channel_id", "usergroup": "usergroup_id", "emoji": "name", "broadcast": "range", "date": "timestamp", "color": "value"}

func richText(elements []any, may []string) error {
	for _, v := range elements {
		e, _ := v.(node)
		kind, _ := e["type"].(string)
		inner, _ := e["elements"].([]any)
		if len(may) > 0 && !slices.Contains(may, kind) {
			return fmt.Errorf("unsupported type: %s", kind)
		}
		switch kind {
		case "rich_text_list":
			if err := richList(e, inner); err != nil {
				return err
			}
		case "rich_text_section", "rich_text_quote":
			if err := richText(inner, nil); err != nil {
				return err
			}
		case "rich_text_preformatted":
			if err := richText(inner, []string{"text", "link"}); err != nil {
				return err
			}
		default:
			if err := richElement(kind, e, len(may) > 0); err != nil {
				return err
			}
		}
	}
	return nil
}

// richList checks a list.
func richList(e node, inner []any) error {
	if style, _ := e["style"].(string); style != "bullet" && style != "ordered" {
		return fmt.Errorf("a list of style %q", style)
	}
	if indent, _ := e["indent"].(float64); indent < 0 || indent > 8 {
		return fmt.Errorf("an indent of %v", indent)
	}
	return richText(inner, []string{"rich_text_section"})
}

// richElement checks an element without elements in it.
func richElement(kind string, e node, listed bool) error {
	need, known := richNeeds[kind]
	if !listed && !known {
		return fmt.Errorf("unsupported type: %s", kind)
	}
	if known && (e[need] == nil || e[need] == "") {
		return fmt.Errorf("missing required field: %s", need)
	}
	if style, set := e["style"]; set && style != nil {
		if _, object := style.(node); !object {
			return fmt.Errorf("a style that is no object")
		}
	}
	return nil
}

// checkView checks a modal or a Home tab.
func checkView(raw, kind string) (node, error) {
	var v node
	wrong := func(format string, args ...any) (node, error) {
		return nil, &apiError{"invalid_arguments", map[string]any{"response_metadata": reply{"messages": []string{"[ERROR] " + fmt.Sprintf(format, args...)}}}}
	}
	if json.Unmarshal([]byte(raw), &v) != nil {
		return wrong("the view is no JSON")
	}
	if v["type"] != kind {
		return wrong("invalid view type %v", v["type"])
	}
	list, _ := v["blocks"].([]any)
	var all []node
	input := false
	for _, b := range list {
		o, _ := b.(node)
		input = input || o["type"] == "input"
		all = append(all, o)
	}
	if err := blocksOf(all, inView); err != nil {
		return wrong("%v", err)
	}
	if note, _ := v["private_metadata"].(string); len(note) > 3000 {
		return wrong("private_metadata must be less than 3001 characters")
	}
	if kind == "modal" {
		if err := modalTexts(v, input); err != nil {
			return wrong("%v", err)
		}
	}
	return v, nil
}

// modalTexts checks the title and the buttons of a modal.
func modalTexts(v node, input bool) error {
	if err := textObject(v["title"], 24, "plain_text"); err != nil {
		return fmt.Errorf("title: %w", err)
	}
	for _, button := range []string{"submit", "close"} {
		text := v[button]
		if text == nil {
			continue
		}
		if err := textObject(text, 24, "plain_text"); err != nil {
			return fmt.Errorf("%s: %w", button, err)
		}
	}
	if v["submit"] == nil && input {
		return errors.New("submit is required when an input block is within the blocks array")
	}
	return nil
}
