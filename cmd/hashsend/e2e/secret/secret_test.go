//go:build goolm

// Package secret has conversations in encrypted rooms, with people whose programs
// encrypt as any other does, on real homeservers and a real mail server.
package secret

import (
	"encoding/base64"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/crypto/attachment"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"hashsend/cmd/hashsend/e2e/lab"
)

func TestMain(m *testing.M) {
	code := m.Run()
	lab.Clean()
	os.Exit(code)
}

const soon = 40 * time.Second

// person is somebody whose program encrypts.
type person struct {
	*lab.Person
	t        *testing.T
	machine  *crypto.OlmMachine
	states   *states
	since    string
	read     map[id.RoomID][]string // what could be read, in order
	declined bool
	late     bool        // it came when others had spoken already, whose words it cannot read
	users    []id.UserID // who gets the keys of this person
}

func newPerson(t *testing.T, home *lab.Homeserver, name string) *person {
	return newDevice(t, home.Person(name))
}

// newDevice is a program of a person.
func newDevice(t *testing.T, who *lab.Person) *person {
	p := &person{Person: who, t: t, states: &states{}, read: map[id.RoomID][]string{}}
	p.machine = crypto.NewOlmMachine(p.Client, nil, crypto.NewMemoryStore(nil), p.states)
	if err := p.machine.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := p.machine.ShareKeys(t.Context(), -1); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *person) encrypt(room id.RoomID) {
	p.t.Helper()
	if _, err := p.SendStateEvent(p.t.Context(), room, event.StateEncryption, "", &event.EncryptionEventContent{Algorithm: id.AlgorithmMegolmV1}); err != nil {
		p.t.Fatal(err)
	}
}

// whisper says something encrypted. Whoever is not in users gets no key.
func (p *person) whisper(room id.RoomID, text string) {
	p.t.Helper()
	p.send(room, &event.MessageEventContent{MsgType: event.MsgText, Body: text})
}

// hands gives an encrypted file.
func (p *person) hands(room id.RoomID, name, data string) {
	p.t.Helper()
	file := attachment.NewEncryptedFile()
	raw := []byte(data)
	file.EncryptInPlace(raw)
	stored, err := p.UploadBytes(p.t.Context(), raw, "application/octet-stream")
	if err != nil {
		p.t.Fatal(err)
	}
	p.send(room, &event.MessageEventContent{MsgType: event.MsgFile, Body: name, File: &event.EncryptedFileInfo{EncryptedFile: *file, URL: stored.ContentURI.CUString()}})
}

func (p *person) send(room id.RoomID, content *event.MessageEventContent) {
	p.t.Helper()
	encrypted, err := p.machine.EncryptMegolmEvent(p.t.Context(), room, event.EventMessage, content)
	if crypto.IsShareError(err) {
		if _, err := p.machine.FetchKeys(p.t.Context(), p.users, true); err != nil {
			p.t.Fatal(err)
		}
		if err := p.machine.ShareGroupSession(p.t.Context(), room, p.users); err != nil {
			p.t.Fatal(err)
		}
		encrypted, err = p.machine.EncryptMegolmEvent(p.t.Context(), room, event.EventMessage, content)
	}
	if err != nil {
		p.t.Fatal(err)
	}
	if _, err := p.SendMessageEvent(p.t.Context(), room, event.EventEncrypted, encrypted); err != nil {
		p.t.Fatal(err)
	}
}

// listen reads what has come.
func (p *person) listen() {
	p.t.Helper()
	resp, err := p.FullSyncRequest(p.t.Context(), mautrix.ReqSync{Timeout: 200, Since: p.since})
	if err != nil {
		p.t.Fatal(err)
	}
	for _, e := range resp.ToDevice.Events {
		if e.Type.Type == event.ToDeviceVerificationCancel.Type {
			p.declined = true
		}
	}
	p.machine.ProcessSyncResponse(p.t.Context(), resp, p.since)
	p.since = resp.NextBatch
	for room, r := range resp.Rooms.Join {
		for _, e := range r.Timeline.Events {
			e.RoomID = room
			if e.Type.Type == "m.room.message" && e.Sender != p.UserID {
				p.read[room] = append(p.read[room], "in plain: "+fmt.Sprint(e.Content.Raw["body"]))
			}
			if e.Type.Type != "m.room.encrypted" || e.Sender == p.UserID {
				continue
			}
			e.Type = event.EventEncrypted
			if err := e.Content.ParseRaw(e.Type); err != nil {
				p.t.Fatal(err)
			}
			plain, err := p.machine.DecryptMegolmEvent(p.t.Context(), e)
			if err != nil {
				if !p.late {
					p.t.Errorf("%s cannot read an event of %s: %v", p.UserID, e.Sender, err)
				}
				continue
			}
			p.read[room] = append(p.read[room], fmt.Sprint(plain.Content.Raw["body"]))
			if m := plain.Content.AsMessage(); m.File != nil {
				raw, err := p.DownloadBytes(p.t.Context(), m.File.URL.ParseOrIgnore())
				if err == nil {
					err = m.File.DecryptInPlace(raw)
				}
				p.read[room] = append(p.read[room], fmt.Sprintf("file %s: %s %v", m.FileName, raw, err))
			}
		}
	}
}

// verifies wants to compare signs with the bridge's device, which is signed and
// declines (A45).
func (p *person) verifies(bot id.UserID) {
	p.t.Helper()
	keys, err := p.QueryKeys(p.t.Context(), &mautrix.ReqQueryKeys{DeviceKeys: mautrix.DeviceKeysRequest{bot: {}}})
	if err != nil {
		p.t.Fatal(err)
	}
	if len(keys.DeviceKeys[bot]) != 1 {
		p.t.Errorf("the bot has %d devices with keys, want one", len(keys.DeviceKeys[bot]))
	}
	for device, d := range keys.DeviceKeys[bot] {
		signed := false
		for _, own := range keys.SelfSigningKeys[bot].Keys {
			_, by := d.Signatures[bot][id.NewKeyID(id.KeyAlgorithmEd25519, own.String())]
			signed = signed || by
		}
		if !signed {
			p.t.Errorf("the bot's device %s is not signed by its own identity", device)
		}
		ask := &event.Content{Raw: map[string]any{"from_device": p.DeviceID, "methods": []string{"m.sas.v1"}, "transaction_id": "verify1", "timestamp": time.Now().UnixMilli()}}
		if _, err := p.SendToDevice(p.t.Context(), event.ToDeviceVerificationRequest, &mautrix.ReqSendToDevice{Messages: map[id.UserID]map[id.DeviceID]*event.Content{bot: {device: ask}}}); err != nil {
			p.t.Fatal(err)
		}
	}
	lab.Wait(p.t, "the bridge to decline", soon, func() bool { p.listen(); return p.declined })
}

func (p *person) reads(room id.RoomID, part string) {
	p.t.Helper()
	defer func() { p.t.Logf("read: %q", p.read[room]) }()
	lab.Wait(p.t, "words that can be read: "+part, soon, func() bool {
		p.listen()
		for _, text := range p.read[room] {
			if strings.Contains(text, part) {
				return true
			}
		}
		return false
	})
}

// The conversations go from encrypted rooms: with consent, both ways, with a key
// that comes late while the bridge is killed, and with a room that is encrypted
// after it was linked (EVENTS A43, A44).
func TestPlainAccountOnSynapse(t *testing.T) { conversation(t, false, lab.Synapse) }

func TestPlainAccountOnDendrite(t *testing.T) { conversation(t, false, lab.Dendrite) }

func TestApplicationServiceOnSynapse(t *testing.T) { conversation(t, true, lab.Synapse) }

func TestApplicationServiceOnDendrite(t *testing.T) { conversation(t, true, lab.Dendrite) }

func conversation(t *testing.T, appService bool, homeserver func(testing.TB, ...string) *lab.Homeserver) {
	mail := lab.Dovecot(t)
	bridge := lab.NewBridge(t, appService)
	var files []string
	if appService {
		files = append(files, bridge.Registration)
	}
	home := homeserver(t, files...)
	if !appService {
		home.Person("bridge")
	}
	alice := newPerson(t, home, "alice")
	alice.users = []id.UserID{alice.UserID, bridge.Bot}
	bridge.Configure(home.URL, mail.Mailbox(""), "hold: {quiet: 300ms, max: 2s, live: 100ms}\n")
	bridge.Run()
	bridge.Running()

	room := alice.Room("Secrets", bridge.Bot)
	alice.encrypt(room)
	lab.Wait(t, "the bridge in the room", soon, func() bool { return alice.Joined(room, bridge.Bot) })
	alice.whisper(room, "!send link bob@example.test title Lunch")
	alice.reads(room, "This room is encrypted and email isn't")
	alice.whisper(room, "!send ok")
	alice.reads(room, "If the members agree: !send ok encrypted")
	alice.whisper(room, "!send ok encrypted")
	alice.reads(room, "Linked.")
	alice.whisper(room, "Lunch at twelve?")
	m := mail.Gets("bob", "INBOX", soon, func(m lab.Mail) bool { return strings.Contains(m.Text, "Lunch at twelve?") })
	mail.Send(t, "bob", m.AnswerTo(), answer(m, "Yes, in the garden."))
	alice.reads(room, "Yes, in the garden.")
	for _, text := range alice.read[room] {
		if strings.HasPrefix(text, "in plain: ") {
			t.Errorf("this came unencrypted: %q", text)
		}
	}

	alice.verifies(bridge.Bot)

	// Files, both ways (A17).
	alice.hands(room, "list.txt", "bread and butter")
	mail.Gets("bob", "INBOX", soon, func(m lab.Mail) bool {
		return strings.Contains(string(m.Raw), "list.txt") && (strings.Contains(string(m.Raw), "bread and butter") || strings.Contains(string(m.Raw), base64.StdEncoding.EncodeToString([]byte("bread and butter"))))
	})
	mail.Send(t, "bob", m.AnswerTo(), withFile(answer(m, "here is mine")))
	alice.reads(room, "file mine.txt: cheese")

	membersChange(home, mail, m, alice, room)

	// The key is withheld, the bridge killed, and the key given when it is asked for.
	alice.users = []id.UserID{alice.UserID}
	if err := alice.machine.CryptoStore.RemoveOutboundGroupSession(t.Context(), room); err != nil {
		t.Fatal(err)
	}
	alice.whisper(room, "said before the key came")
	lab.Wait(t, "the bridge to notice that it lacks the key", soon, func() bool { return strings.Contains(bridge.Output(), "cannot be read yet") })
	bridge.Kill()
	bridge.Run()
	bridge.Running()
	alice.machine.AllowKeyShare = shareWithAll
	lab.Wait(t, "the mail after the key", soon, func() bool {
		alice.listen()
		for _, m := range mail.Folder("bob", "INBOX") {
			if strings.Contains(m.Text, "said before the key came") {
				return true
			}
		}
		return false
	})
	for _, m := range mail.Folder("bob", "INBOX") {
		if strings.Contains(strings.ToLower(m.Text), "decrypt") || strings.Contains(m.Text, "could not read") {
			t.Errorf("a mail tells of encryption: %q", m.Text)
		}
	}

	encryptedLater(mail, bridge, alice)
}

// encryptedLater has a room that comes to be encrypted after it was linked: nothing is
// mailed from it until somebody agrees (EVENTS A43).
func encryptedLater(mail *lab.MailSystem, bridge *lab.Bridge, alice *person) {
	t := alice.t
	t.Helper()
	open := alice.Room("Open", bridge.Bot)
	lab.Wait(t, "the bridge in the room", soon, func() bool { return alice.Joined(open, bridge.Bot) })
	alice.Say(open, "!send link bob@example.test title Supper")
	alice.reads(open, "They will see")
	alice.Say(open, "!send ok")
	alice.reads(open, "Linked.")
	alice.users = []id.UserID{alice.UserID, bridge.Bot}
	alice.encrypt(open)
	alice.whisper(open, "this stays inside")
	alice.reads(open, "This room is now encrypted.")
	alice.whisper(open, "!send ok encrypted")
	lab.Wait(t, "consent", soon, func() bool {
		alice.listen()
		out := bridge.Admin("--room", "matrix/"+string(open), "status")
		return !strings.Contains(out, "nothing is mailed")
	})
	alice.whisper(open, "this is mailed")
	mail.Gets("bob", "INBOX", soon, func(m lab.Mail) bool { return strings.Contains(m.Text, "this is mailed") })
	for _, m := range mail.Folder("bob", "INBOX") {
		if strings.Contains(m.Text, "this stays inside") {
			t.Error("what was said before the consent was mailed")
		}
	}
}

// membersChange has a person and a device come into an encrypted room: both read what
// is said from then on (EVENTS A43).
func membersChange(home *lab.Homeserver, mail *lab.MailSystem, m lab.Mail, alice *person, room id.RoomID) {
	t := alice.t
	t.Helper()
	carla := newPerson(t, home, "carla")
	carla.late = true
	if _, err := alice.InviteUser(t.Context(), room, &mautrix.ReqInviteUser{UserID: carla.UserID}); err != nil {
		t.Fatal(err)
	}
	if _, err := carla.JoinRoomByID(t.Context(), room); err != nil {
		t.Fatal(err)
	}
	mail.Send(t, "bob", m.AnswerTo(), answer(m, "Welcome, Carla."))
	carla.reads(room, "Welcome, Carla.")
	alice.reads(room, "Welcome, Carla.")

	second := newDevice(t, home.Login("alice", "SECOND"))
	second.late = true
	alice.listen()
	// That there is a new device is told a moment later; where hashsend has to look for
	// it (a service on Dendrite), within two seconds.
	for n := 1; ; n++ {
		text := fmt.Sprintf("On your phone, too? (%d)", n)
		mail.Send(t, "bob", m.AnswerTo(), answer(m, text))
		alice.reads(room, text)
		second.listen()
		if slices.ContainsFunc(second.read[room], func(read string) bool { return strings.Contains(read, text) }) {
			return
		}
		if n == 6 {
			t.Fatalf("a new device reads nothing: %q", second.read[room])
		}
	}
}

// TestWithoutEncryption has a program run that was built without it, between two runs of
// one that was not: it says so, and nothing is lost (EVENTS A43, A44).
func TestWithoutEncryption(t *testing.T) {
	mail := lab.Dovecot(t)
	bridge := lab.NewBridge(t, false)
	home := lab.Dendrite(t)
	home.Person("bridge")
	alice := newPerson(t, home, "alice")
	alice.users = []id.UserID{alice.UserID, bridge.Bot}
	bridge.Configure(home.URL, mail.Mailbox(""), "hold: {quiet: 300ms, max: 2s, live: 100ms}\n")
	bridge.Run()
	bridge.Running()
	room := alice.Room("Secrets", bridge.Bot)
	alice.encrypt(room)
	lab.Wait(t, "the bridge in the room", soon, func() bool { return alice.Joined(room, bridge.Bot) })
	alice.whisper(room, "!send link bob@example.test title Lunch")
	alice.reads(room, "This room is encrypted and email isn't")
	alice.whisper(room, "!send ok encrypted")
	alice.reads(room, "Linked.")
	alice.whisper(room, "said while it could be read")
	mail.Gets("bob", "INBOX", soon, func(m lab.Mail) bool { return strings.Contains(m.Text, "said while it could be read") })
	if out := bridge.Admin("--room", "matrix/"+string(room), "status"); !strings.Contains(out, "Encryption: it works; its device HASHSEND") || !strings.Contains(out, "is cross-signed") {
		t.Errorf("the status says %q", out)
	}

	bridge.Stop()
	bridge.WithoutEncryption(true)
	bridge.Run()
	bridge.Running()
	alice.whisper(room, "said to a program that cannot read it")
	alice.reads(room, "in plain: ⚠️ This room is encrypted, and this hashsend was built without encryption")
	if out := bridge.Admin("--room", "matrix/"+string(room), "status"); !strings.Contains(out, "built without encryption") || !strings.Contains(out, "1 message can't be decrypted yet") {
		t.Errorf("without encryption the status says %q", out)
	}

	bridge.Stop()
	bridge.WithoutEncryption(false)
	bridge.Run()
	bridge.Running()
	mail.Gets("bob", "INBOX", soon, func(m lab.Mail) bool {
		return strings.Contains(m.Text, "said to a program that cannot read it")
	})
	for _, m := range mail.Folder("bob", "INBOX") {
		if strings.Contains(m.Text, "without encryption") {
			t.Errorf("a mail tells of encryption: %q", m.Text)
		}
	}
}

// withFile adds a file to a mail.
func withFile(mail []byte) []byte {
	head, body, _ := strings.Cut(string(mail), "\r\n\r\n")
	return fmt.Appendf(nil, "%s\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n%s\r\n--b\r\nContent-Type: text/plain; name=mine.txt\r\nContent-Disposition: attachment; filename=mine.txt\r\n\r\ncheese\r\n--b--\r\n", head, body)
}

func answer(m lab.Mail, text string) []byte {
	return fmt.Appendf(nil, "From: bob@example.test\r\nTo: %s\r\nDate: %s\r\nSubject: Re: %s\r\nMessage-ID: <%d@example.test>\r\nIn-Reply-To: <%s>\r\nReferences: <%s>\r\n\r\n%s\r\n",
		m.AnswerTo()[0], time.Now().Format(time.RFC1123Z), m.Subject, time.Now().UnixNano(), m.ID, strings.Join(append(m.References, m.ID), "> <"), text)
}
