//go:build goolm

package keys

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/id"
)

// TestStanding words how our device stands (EVENTS A45).
func TestStanding(t *testing.T) {
	const user, device = id.UserID("@hashsend:example.org"), id.DeviceID("HASHSENDABC")
	keys := func(master, signer string) *mautrix.RespQueryKeys {
		of := func(key string) string {
			if key == "" {
				return "{}"
			}
			return fmt.Sprintf(`{%q:{"keys":{"ed25519:%s":%q}}}`, user, key, key)
		}
		var k mautrix.RespQueryKeys
		text := fmt.Sprintf(`{"device_keys":{%q:{%q:{"user_id":%q,"device_id":%q,"keys":{"ed25519:HASHSENDABC":"abc"},"signatures":{%q:{"ed25519:%s":"AAAA"}}}}},"master_keys":%s,"self_signing_keys":%s}`,
			user, device, user, device, user, signer, of(master), of(signer))
		if err := json.Unmarshal([]byte(text), &k); err != nil {
			t.Fatal(err)
		}
		return &k
	}
	for _, c := range []struct {
		name string
		keys *mautrix.RespQueryKeys
		mine id.Ed25519
		want string
	}{
		{"no identity", keys("", ""), "", "⚠️ its device HASHSENDABC is not cross-signed: the account has no identity"},
		{"not signed, before the first run", keys("theirs", "c2lnbmVy"), "", "⚠️ its device HASHSENDABC is not signed by the account's cross-signing identity, which another program made"},
		{"another identity", keys("theirs", "c2lnbmVy"), "mine", "⚠️ the account has a cross-signing identity that hashsend did not make"},
		{"ours, with a signature that is none", keys("mine", "c2lnbmVy"), "mine", "⚠️ its device HASHSENDABC is not signed"},
	} {
		if got := standing(c.keys, user, device, c.mine); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// TestEncryptionBeforeTheFirstRun says that there is encryption, and no trouble.
func TestEncryptionBeforeTheFirstRun(t *testing.T) {
	if got := New(nil, nil, nil, nil).Standing(); got != "it is built in; not ready yet" {
		t.Errorf("Standing = %q", got)
	}
}
