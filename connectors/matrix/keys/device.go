//go:build goolm

package keys

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/id"

	"hashsend/bridge/retry"
	"hashsend/connectors/matrix/homeserver"
)

// device returns the client that acts as our device. An application service makes a
// device for its bot where the homeserver lets it (MSC4190), else it signs the bot in.
func (k *Keys) device(ctx context.Context, s *store) (*mautrix.Client, error) {
	if !k.server.IsService() {
		return k.accountDevice(ctx)
	}
	if err := k.server.RegisterBot(ctx); err != nil {
		return nil, err
	}
	name := s.DeviceID
	if name == "" {
		name = id.DeviceID("HASHSEND" + rand.Text()[:6])
	}
	bot, err := k.server.Bot(ctx)
	if err != nil {
		return nil, err
	}
	cl, err := k.server.Client(bot.UserID, bot.AccessToken)
	if err != nil {
		return nil, err
	}
	cl.SetAppServiceUserID = true
	err = cl.CreateDeviceMSC4190(ctx, name, "hashsend")
	if err == nil {
		who, err := cl.Whoami(ctx)
		if err != nil {
			return nil, homeserver.Wrap("ask which device we are", err)
		}
		if who.DeviceID == name { // Dendrite names the device that was signed in, and lets nobody act as it
			return cl, nil
		}
	} else if status := homeserver.Status(err); status < 400 || status >= 500 {
		return nil, homeserver.Wrap("make a device", err)
	}
	cl.SetAppServiceUserID, cl.SetAppServiceDeviceID = false, false
	login, err := cl.Login(ctx, &mautrix.ReqLogin{
		Type: mautrix.AuthTypeAppservice, DeviceID: name, InitialDeviceDisplayName: "hashsend",
		Identifier: mautrix.UserIdentifier{Type: mautrix.IdentifierTypeUser, User: bot.UserID.Localpart()},
	})
	if err != nil {
		return nil, homeserver.Wrap("sign our device in", err)
	}
	cl.AccessToken, cl.DeviceID = login.AccessToken, login.DeviceID
	return cl, nil
}

// accountDevice returns the client of a plain account, with its device.
func (k *Keys) accountDevice(ctx context.Context) (*mautrix.Client, error) {
	cl, err := k.server.Bot(ctx)
	if err != nil {
		return nil, err
	}
	who, err := cl.Whoami(ctx)
	if err != nil {
		return nil, homeserver.Wrap("ask which device we are", err)
	}
	if who.DeviceID == "" {
		return nil, retry.Never(errors.New("the access token belongs to no device: set the password instead, so that one can be made"))
	}
	cl.DeviceID = who.DeviceID
	return cl, nil
}

// Reader returns the client that an application service reads with: our device if it was
// signed in, because its keys come that way, else the bot.
func (k *Keys) Reader(ctx context.Context) (*mautrix.Client, error) {
	k.busy.Lock()
	m, err := k.ready(ctx)
	k.busy.Unlock()
	if err == nil && !m.Client.SetAppServiceUserID {
		return m.Client, nil
	}
	if err != nil && !retry.IsNever(err) {
		return nil, err
	}
	return k.server.Bot(ctx)
}

// signDevice signs our device with the account's cross-signing identity. If the account
// has none, one is made; its secrets are on disk before it is published.
func (k *Keys) signDevice(ctx context.Context, m *crypto.OlmMachine, s *store) error {
	public, err := m.GetOwnCrossSigningPublicKeys(ctx)
	if err != nil {
		return err
	}
	seeds, err := s.seeds(ctx)
	if err != nil {
		return err
	}
	if seeds == nil {
		if public != nil {
			return errOtherIdentity
		}
		made, err := m.GenerateCrossSigningKeys()
		if err != nil {
			return err
		}
		fresh := made.Seeds()
		if err := s.putSeeds(ctx, fresh); err != nil {
			return err
		}
		seeds = &fresh
	}
	mine, err := seeds.Decode()
	if err != nil {
		return err
	}
	if public == nil {
		if err := m.PublishCrossSigningKeys(ctx, &mine, k.server.Confirm); err != nil {
			return fmt.Errorf("publish our identity: %w", err)
		}
	} else if public.MasterKey != mine.MasterKey.PublicKey() {
		return errOtherIdentity
	}
	if err := m.ImportCrossSigningKeys(*seeds); err != nil {
		return err
	}
	return m.SignOwnDevice(ctx, m.OwnIdentity())
}
