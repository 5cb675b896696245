//go:build goolm

package matrix

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto/signatures"
	"maunium.net/go/mautrix/id"
)

// Encryption tells how our device stands; see chat.Encrypter.
func (c *Connector) Encryption() string {
	c.keys.mu.Lock()
	defer c.keys.mu.Unlock()
	switch {
	case c.keys.trouble != nil:
		return "it does not work: " + c.keys.trouble.Error()
	case c.keys.standing == "":
		return "it is built in, and not ready yet"
	}
	return c.keys.standing
}

// CheckEncryption tells how our devices stand before the program runs: by what the
// homeserver tells everybody.
func (c *Connector) CheckEncryption(ctx context.Context) string {
	cl, err := c.bot(ctx)
	if err != nil {
		return "it is built in; our devices could not be asked for: " + err.Error()
	}
	keys, err := ownKeys(ctx, cl)
	if err != nil {
		return "it is built in; our devices could not be asked for: " + err.Error()
	}
	var all []string
	for device := range keys.DeviceKeys[cl.UserID] {
		if strings.HasPrefix(string(device), "HASHSEND") {
			all = append(all, standing(keys, cl.UserID, device, ""))
		}
	}
	if len(all) == 0 {
		return "it is built in; the first run makes a device"
	}
	slices.Sort(all)
	return strings.Join(all, "; ")
}

func ownKeys(ctx context.Context, cl *mautrix.Client) (*mautrix.RespQueryKeys, error) {
	keys, err := cl.QueryKeys(ctx, &mautrix.ReqQueryKeys{DeviceKeys: mautrix.DeviceKeysRequest{cl.UserID: {}}})
	return keys, mark(err)
}

// standing words how a device of ours stands with those who give keys only to devices
// that are cross-signed. mine is the identity that we have made; empty: not known.
func standing(keys *mautrix.RespQueryKeys, user id.UserID, device id.DeviceID, mine id.Ed25519) string {
	master, signer := keys.MasterKeys[user], keys.SelfSigningKeys[user]
	identity, signing := master.FirstKey(), signer.FirstKey()
	signed := false
	if signing != "" {
		signed, _ = signatures.VerifySignatureJSON(keys.DeviceKeys[user][device], user, signing.String(), signing) // one that cannot be read is none
	}
	const verify = "some programs may give it no keys: verify it there, or reset that identity and start hashsend again"
	switch {
	case identity == "":
		return fmt.Sprintf("⚠️ its device %s is not cross-signed: the account has no identity, so some programs may give it no keys", device)
	case mine != "" && identity != mine:
		return fmt.Sprintf("⚠️ the account has a cross-signing identity that hashsend did not make; its device %s is cross-signed by it: %v; where it is not, %s", device, signed, verify)
	case !signed:
		return fmt.Sprintf("⚠️ its device %s is not signed by the account's cross-signing identity, which another program made; %s", device, verify)
	}
	return fmt.Sprintf("it works; its device %s is cross-signed", device)
}

// stand asks how our device stands, and keeps it. busy is held.
func (c *Connector) stand(ctx context.Context, cl *mautrix.Client, s *keyStore) {
	text := "it works"
	keys, err := ownKeys(ctx, cl)
	if err != nil {
		text += "; whether its device is cross-signed could not be asked: " + err.Error()
	} else {
		text = standing(keys, cl.UserID, cl.DeviceID, s.identity(ctx))
	}
	if strings.HasPrefix(text, "⚠️") {
		c.env.Log.Warn("encryption", "standing", text)
	}
	c.keys.mu.Lock()
	defer c.keys.mu.Unlock()
	c.keys.standing = text
}

// identity is the public key of the identity that we have made; empty: none.
func (s *keyStore) identity(ctx context.Context) id.Ed25519 {
	seeds, err := s.seeds(ctx)
	if err != nil || seeds == nil {
		return ""
	}
	mine, err := seeds.Decode()
	if err != nil {
		return ""
	}
	return mine.MasterKey.PublicKey()
}
