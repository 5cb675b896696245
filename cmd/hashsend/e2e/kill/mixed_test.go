package kill

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"maunium.net/go/mautrix/id"

	"hashsend/cmd/hashsend/e2e/lab"
	"hashsend/connectors/slack/slacktest"
)

// world is the bridge with everybody who uses it, and what they have done.
type world struct {
	t             *testing.T
	p             *provider
	bridge        *lab.Bridge
	lmtp          int
	conversations []*conversation
	first         map[*reader]string // the email that each replies to

	seed     uint64
	r        *rand.Rand // decides what people do
	acts     int
	n        int // messages said
	mailed   int // reactions and votes by email
	pending  []pending
	tried    time.Time
	byNumber map[int]*message

	seen int // emails that were read
	read map[*reader][]letter
}

// newWorld has two conversations: one in two rooms of a homeserver, one in a room there
// and in a Slack channel. Bob, who takes part in both, writes to a mailbox that is read by
// IMAP, and his mail program knows reactions; what Dora and Emil write is pushed by LMTP.
func newWorld(t *testing.T, seed uint64) *world {
	w := &world{
		t: t, p: newProvider(t, true), bridge: lab.NewBridge(t, true, "failpoint"), lmtp: lab.Port(t), first: map[*reader]string{},
		seed: seed, r: rand.New(rand.NewPCG(seed, 0)), byNumber: map[int]*message{}, read: map[*reader][]letter{},
	}
	home := lab.Synapse(t, w.bridge.Registration)
	alice, ben, carla := home.Person("alice"), home.Person("ben"), home.Person("carla")
	slack := lab.Slack(t, true)
	slack.Unlimited()
	slack.Patience, slack.Again = 2*time.Second, []time.Duration{0, time.Second, 3 * time.Second}
	sam := slack.Person(slacktest.User{Name: "sam"})
	lounge := slack.Open(slacktest.Channel{Name: "lounge"}, sam, slacktest.BotUser)
	w.bridge.Slack = slack.Settings()
	w.bridge.Configure(home.URL, w.p.mailbox(fmt.Sprintf("lmtp: {listen: '127.0.0.1:%d'}", w.lmtp)), "hold: {quiet: 0, max: 0, live: 0}\n")
	w.bridge.Run()
	w.bridge.Running()
	lunch, party := &conversation{title: "Lunch"}, &conversation{title: "Party"}
	w.conversations = []*conversation{lunch, party}
	for _, made := range []struct {
		in     *conversation
		name   string
		people []*lab.Person
		link   string
	}{
		{lunch, "kitchen", []*lab.Person{alice, ben}, "bob@other.test dora@other.test title Lunch yes"},
		{lunch, "garden", []*lab.Person{carla}, "1"},
		{party, "hall", []*lab.Person{alice, carla}, "bob@other.test emil@other.test title Party yes"},
	} {
		// Alice alone may have the bridge come.
		at := alice.Room(made.name, append([]id.UserID{w.bridge.Bot}, usersOf(made.people, alice.UserID)...)...)
		for _, p := range made.people {
			if p == alice {
				continue
			}
			if _, err := p.JoinRoomByID(t.Context(), at); err != nil {
				t.Fatal(err)
			}
		}
		lab.Wait(t, "the bridge in the room", 30*time.Second, func() bool { return alice.Joined(at, w.bridge.Bot) })
		w.bridge.Admin(append([]string{"--room", "matrix/" + string(at), "link"}, strings.Fields(made.link)...)...)
		r := &room{place: newMatrixRoom(t, at, made.people...), name: made.name, in: made.in, full: true}
		for _, p := range made.people {
			r.people = append(r.people, p.UserID.Localpart())
		}
		made.in.rooms = append(made.in.rooms, r)
	}
	w.bridge.Admin("--room", "slack/"+lounge, "link", "2", "yes")
	party.rooms = append(party.rooms, &room{place: &slackChannel{Workspace: slack, channel: lounge, person: sam, roots: map[string]string{}}, name: "lounge", in: party, people: []string{"sam"}})
	w.reader(lunch, "bob", false)
	w.reader(lunch, "dora", true)
	w.reader(party, "bob", false)
	w.reader(party, "emil", true)
	w.greet()
	return w
}

func (w *world) reader(c *conversation, name string, pushes bool) {
	c.readers = append(c.readers, &reader{in: c, name: name, address: name + "@other.test", pushes: pushes, reacts: name == "bob"})
}

// greet has everybody receive a first email, and the bridge learn which mail programs
// know reactions.
func (w *world) greet() {
	for _, c := range w.conversations {
		m := w.begin(c, c.rooms[0], c.rooms[0].people[0])
		w.said(m, m.room.say(m.by, m.text(), ""))
		for _, r := range c.readers {
			lab.Wait(w.t, "the first email to "+r.name, 30*time.Second, func() bool {
				w.first[r], _ = w.has(r, m.n)
				return w.first[r] != ""
			})
			if r.reacts {
				w.mailReaction(r, m, w.first[r], emojis[0])
				lab.Wait(w.t, "a first reaction of "+r.name, 30*time.Second, func() bool { return w.shown(m.room, m)[mark{emojis[0], r.name + byEmail}] })
			}
		}
	}
}

// shown are the reactions that the bridge shows at a message in a room.
func (w *world) shown(r *room, m *message) map[mark]bool {
	for _, p := range r.look() {
		if p.id == m.id {
			return p.reactions
		}
	}
	return nil
}

// massacre kills the bridge while people talk: at random moments, or in the middle of a
// change of state.
func (w *world) massacre(times int, r *rand.Rand) (inDot, atPoints int) {
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			w.act()
			select {
			case <-stop:
				return
			case <-time.After(time.Duration(5+w.r.IntN(40)) * time.Millisecond):
			}
		}
	}()
	all := slices.DeleteFunc(append(points(), laterPoints()...), func(p string) bool {
		return strings.HasPrefix(p, "admin") || strings.HasPrefix(p, "settle-admit") || strings.HasPrefix(p, "digest") || strings.HasPrefix(p, "taken") || strings.HasPrefix(p, "behind")
	})
	for range times {
		after := time.Duration(60+r.IntN(500)) * time.Millisecond
		point, nth, at := all[r.IntN(len(all))], 1+r.IntN(4), r.IntN(3) == 0
		if at {
			after = 2500 * time.Millisecond // longer than the bridge waits where an earlier attempt may have been made
			w.bridge.Env(fmt.Sprintf("HASHSEND_FAILPOINT=%s#%d", point, nth))
		} else {
			w.bridge.Env()
		}
		w.bridge.Kill()
		w.bridge.Run()
		select {
		case <-w.bridge.Exited():
			atPoints++
		case <-time.After(after):
		}
		if w.p.answering.Load() > 0 {
			inDot++
		}
	}
	w.bridge.Kill()
	w.bridge.Env()
	w.bridge.Run()
	close(stop)
	<-done
	w.bridge.Running()
	w.done()
	return inDot, atPoints
}

// waiting are the deliveries that the bridge has not yet made.
func (w *world) waiting() (all []string) {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(w.bridge.Dir, "data", "hashsend.db")+"?mode=ro&_pragma=busy_timeout(5000)")
	if err != nil {
		w.t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // it was only read
	rows, err := db.Query("SELECT kind || ' in ' || lane || ', attempt ' || attempt || ' ' || error FROM outbox ORDER BY id")
	if err != nil {
		w.t.Fatal(err)
	}
	defer rows.Close() //nolint:errcheck // it was only read
	for rows.Next() {
		var one string
		if err := rows.Scan(&one); err != nil {
			w.t.Fatal(err)
		}
		all = append(all, one)
	}
	if err := rows.Err(); err != nil {
		w.t.Fatal(err)
	}
	return all
}

// settle waits until everything is as it must be; or, if that never comes, until nothing
// changes any more.
func (w *world) settle(last bool) (left []problem) {
	const still, most = 12 * time.Second, 90 * time.Second
	open := func(p problem) bool { return p.heals() && (last || known[p.kind] == "") }
	var before string
	since, end := time.Now(), time.Now().Add(most)
	for ; ; time.Sleep(300 * time.Millisecond) {
		waiting := w.waiting()
		left = w.judge(last)
		now := fmt.Sprint(waiting, left)
		if now != before {
			before, since = now, time.Now()
		}
		if len(waiting) == 0 && (!slices.ContainsFunc(left, open) || time.Since(since) > still) {
			return left
		}
		if time.Now().After(end) {
			for _, d := range waiting {
				left = append(left, problem{"a delivery is never made", d})
			}
			return left
		}
	}
}

// finish ends the polls and says something more in each room: what waits for the next
// email goes with it.
func (w *world) finish() {
	for _, c := range w.conversations {
		for _, m := range c.messages {
			if m.poll != nil {
				m.poll.ended = true
				m.room.end(m.by, m.id)
			}
		}
	}
	w.settle(false)
	for _, c := range w.conversations {
		for _, r := range c.rooms {
			m := w.begin(c, r, r.people[0])
			w.said(m, r.say(m.by, m.text(), ""))
		}
	}
}

// What people do in all ways and directions while the program is killed again and again:
// nothing is lost, nothing comes twice, nothing out of order, and nothing differs in the
// end. HASHSEND_KILLS and HASHSEND_SEED set how often, and what people do. (EVENTS 6.2,
// 6.4, D32)
func TestMixedTraffic(t *testing.T) {
	seed := fromEnv(t, "HASHSEND_SEED", uint64(time.Now().UnixNano()))
	t.Logf("HASHSEND_SEED=%d", seed)
	w := newWorld(t, seed)
	begun := time.Now()
	inDot, atPoints := w.massacre(kills(t), rand.New(rand.NewPCG(seed, 0)))
	t.Logf("%d deeds and %d messages in %s; %d kills while an email was taken and not answered, %d at failpoints", w.acts, w.n, time.Since(begun).Round(time.Second), inDot, atPoints)
	w.settle(false)
	w.finish()
	report(t, w.settle(true))
	t.Logf("settled after %s", time.Since(begun).Round(time.Second))
}

func usersOf(people []*lab.Person, but id.UserID) (all []id.UserID) {
	for _, p := range people {
		if p.UserID != but {
			all = append(all, p.UserID)
		}
	}
	return all
}
