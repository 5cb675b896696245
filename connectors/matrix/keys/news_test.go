package keys

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"maunium.net/go/mautrix/id"
)

// What a homeserver pushes of keys is taken under the names of the drafts and of
// the standard, and an odd part of it spoils nothing else.
func TestPushedKeys(t *testing.T) {
	var p Pushed
	err := json.Unmarshal([]byte(`{
		"to_device": 7, "de.sorunome.msc2409.to_device": [{"type": "m.room.encrypted"}],
		"device_lists": {"changed": ["@ann:example.org"]}, "org.matrix.msc3202.device_lists": {"changed": ["@ben:example.org"]},
		"org.matrix.msc3202.device_one_time_keys_count": {"@bot:example.org": {"D": {"signed_curve25519": 12}}, "@ghost:example.org": {"E": {"signed_curve25519": 0}}}}`), &p)
	if err != nil {
		t.Fatal(err)
	}
	n := p.News("@bot:example.org")
	if len(n.ToDevice.Events) != 1 || !cmp.Equal(n.DeviceLists.Changed, []id.UserID{"@ann:example.org", "@ben:example.org"}) || n.KeyCounts["signed_curve25519"] != 12 {
		t.Errorf("news = %+v", n)
	}
}
