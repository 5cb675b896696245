package slack

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"hashsend/bridge/chat/chattest"
)

// EVENTS 6.1: whatever is missing in an event, or is of another kind than it should
// be, nothing panics.
func TestDamagedPayloads(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "..", "shared", "fixtures", "events", "slack", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Skip("the shared payloads are not beside the project")
	}
	c := offline(t, nil)
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // nobody is asked
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var f struct {
			Event json.RawMessage `json:"event"`
		}
		if err := json.Unmarshal(raw, &f); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, broken := range chattest.Damages(f.Event) {
			func() {
				defer func() {
					if p := recover(); p != nil {
						t.Errorf("%s: %s: %v", filepath.Base(file), broken, p)
					}
				}()
				if string(broken) != "null" {
					c.convert(ctx, callback{ID: "Ev1", Event: in("C1", broken)})
				}
				c.convert(ctx, callback{ID: "Ev1", Event: broken})
			}()
		}
	}
}
