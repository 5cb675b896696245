//go:build goolm

package keys

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto/signatures"
	"maunium.net/go/mautrix/id"

	"hashsend/connectors/matrix/homeserver"
)

// Standing tells how our device stands; see chat.Encrypter.
func (k *Keys) Standing() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case k.trouble != nil:
		return "it does not work: " + k.trouble.Error()
	case k.standing == "":
		return "it is built in; not ready yet"
	}
	return k.standing
}

// Check tells how our devices stand before the program runs, by what the homeserver tells
// everybody.
func (k *Keys) Check(ctx context.Context) string {
	const unknown = "it is built in; couldn't ask for our devices: "
	bot, err := k.server.Bot(ctx)
	if err != nil {
		return unknown + err.Error()
	}
	keys, err := ownKeys(ctx, bot)
	if err != nil {
		return unknown + err.Error()
	}
	var all []string
	for device := range keys.DeviceKeys[bot.UserID] {
		if strings.HasPrefix(string(device), "HASHSEND") {
			all = append(all, standing(keys, bot.UserID, device, ""))
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
	return keys, homeserver.Mark(err)
}

// standing says how a device of ours is seen by programs that give keys only to
// cross-signed devices. mine is the identity that we made; empty: not known.
func standing(keys *mautrix.RespQueryKeys, user id.UserID, device id.DeviceID, mine id.Ed25519) string {
	master, signer := keys.MasterKeys[user], keys.SelfSigningKeys[user]
	identity, signing := master.FirstKey(), signer.FirstKey()
	signed := false
	if signing != "" {
		signed, _ = signatures.VerifySignatureJSON(keys.DeviceKeys[user][device], user, signing.String(), signing) // an unreadable signature is none
	}
	const verify = "some programs may give it no keys: verify it there, or reset that identity and restart hashsend"
	switch {
	case identity == "":
		return fmt.Sprintf("⚠️ its device %s is not cross-signed: the account has no identity, so some programs may give it no keys", device)
	case mine != "" && identity != mine:
		return fmt.Sprintf("⚠️ the account has a cross-signing identity that hashsend did not make; its device %s is cross-signed by it: %v; if it is not, %s", device, signed, verify)
	case !signed:
		return fmt.Sprintf("⚠️ its device %s is not signed by the account's cross-signing identity, which another program made; %s", device, verify)
	}
	return fmt.Sprintf("it works; its device %s is cross-signed", device)
}

// stand asks how our device stands, and keeps it. busy is held.
func (k *Keys) stand(ctx context.Context, cl *mautrix.Client, s *store) {
	text := "it works"
	keys, err := ownKeys(ctx, cl)
	if err != nil {
		text += "; couldn't ask whether its device is cross-signed: " + err.Error()
	} else {
		text = standing(keys, cl.UserID, cl.DeviceID, s.identity(ctx))
	}
	if strings.HasPrefix(text, "⚠️") {
		k.log.Warn("encryption is limited", "standing", text)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.standing = text
}
