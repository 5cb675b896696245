package bridge

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"hashsend/bridge/chat"
	"hashsend/bridge/mail"
	"hashsend/bridge/retry"
)

// net is a chat network of the stage.
type net struct {
	s      *stage
	name   string
	down   bool
	keys   map[string]bool     // that have come, of encrypted messages
	closed chat.RoomID         // where it does not let us write
	missed []chat.Event        // what was said while nobody listened
	asked  map[chat.FileID]int // how often a file was fetched that comes at the third attempt
	posted map[string]chat.MessageID
	count  map[chat.RoomID]int
}

func (n *net) Name() string { return n.name }

func (n *net) Run(ctx context.Context, _ string, _ chat.Handler) error {
	<-ctx.Done()
	return nil
}

func (n *net) Send(_ context.Context, m chat.Outgoing) (chat.MessageID, error) {
	n.s.mu.Lock()
	if n.down {
		n.s.mu.Unlock()
		return "", errDown
	}
	if n.closed == m.Place.Room {
		n.s.mu.Unlock()
		return "", retry.Never(chat.MayNot(errors.New("the homeserver does not allow it")))
	}
	id, again := n.posted[m.Key]
	if !again {
		n.count[m.Place.Room]++
		id = chat.MessageID(fmt.Sprintf("%s%d", m.Place.Room, n.count[m.Place.Room]))
		n.posted[m.Key] = id
	}
	n.s.mu.Unlock()
	if again {
		return id, nil
	}
	who := m.As.Name
	if who == "" {
		who = "hashsend"
	}
	how := map[chat.Kind]string{chat.Notice: " (notice)", chat.Emote: " (emote)"}[m.Kind]
	if m.ReplyTo != "" {
		how += " answers " + string(m.ReplyTo)
	}
	if m.For != "" {
		how += " privately to " + string(m.For)
	}
	if m.Via != "" {
		how += " by " + m.Via
	}
	for _, c := range m.Choices {
		how += " [" + c.Label + ": " + c.Command + "]"
	}
	where := string(m.Place.Room)
	if m.Place.Thread != "" {
		where += "#" + string(m.Place.Thread)
	}
	text := m.Body.Text
	if strings.Count(text, "A long") > 9 {
		text = fmt.Sprintf("%.40q… (%d bytes)", text, len(text))
	}
	n.s.emit(n.name+" "+string(m.Place.Room), "  %s %s: %s%s: %s (%s)", n.name, where, who, how, indent(text), id)
	return id, nil
}

func (n *net) Find(_ context.Context, _ chat.Place, key string, _ time.Time) (chat.MessageID, bool, error) {
	n.s.mu.Lock()
	defer n.s.mu.Unlock()
	id, found := n.posted[key]
	return id, found, nil
}

func (n *net) ThreadOf(_ chat.Place, root chat.MessageID) chat.ThreadID { return chat.ThreadID(root) }

func (n *net) React(_ context.Context, to chat.MessageID, emoji string, m chat.Outgoing) (chat.MessageID, error) {
	by := ""
	if m.As.Name != "" {
		by = m.As.Name + " "
	}
	n.s.mu.Lock()
	if n.down {
		n.s.mu.Unlock()
		return "", errDown
	}
	n.count["reactions"]++
	id := chat.MessageID(fmt.Sprintf("reaction%d", n.count["reactions"]))
	n.s.mu.Unlock()
	n.s.emit(n.name+" "+string(m.Place.Room), "  %s: %s%s on %s", n.name, by, emoji, to)
	return id, nil
}

func (n *net) Limits() chat.Limits { return chat.Limits{OwnReactions: true} }

func (n *net) Join(_ context.Context, room chat.RoomID, as chat.UserID) error {
	n.s.emit(n.name, "  %s: join %s%s", n.name, room, as)
	return nil
}

func (n *net) Refuse(_ context.Context, room chat.RoomID, as chat.UserID, why string) error {
	n.s.emit(n.name, "  %s: refuse %s%s: %s", n.name, room, as, why)
	return nil
}

func (n *net) Announce(_ context.Context, p chat.Place, s chat.Sign) error {
	n.s.emit(n.name+" "+string(p.Room), "  %s %s: sign: %s", n.name, p.Room, s.Text)
	if (s.Text == "") != (s.Channel == "") || strings.Contains(s.Channel+s.Title, "@") {
		n.s.t.Errorf("the sign is %+v", s)
	}
	return nil
}

func (n *net) Describe(_ context.Context, room chat.RoomID) (chat.Description, error) {
	return chat.Description{Members: n.crowd(room), Name: strings.ToUpper(string(room)), Private: strings.HasPrefix(string(room), "secret"), Encrypted: strings.HasPrefix(string(room), "locked")}, nil
}

func (n *net) Unseal(_ context.Context, s chat.Sealed) (chat.Event, error) {
	n.s.mu.Lock()
	defer n.s.mu.Unlock()
	if !n.keys[s.Lock] {
		return nil, errors.New("there is no key")
	}
	s.Late = true
	return opened(s), nil
}

func (n *net) Unreact(_ context.Context, reaction chat.MessageID, m chat.Outgoing) error {
	n.s.emit(n.name+" "+string(m.Place.Room), "  %s: %s is taken back", n.name, reaction)
	return nil
}

func (n *net) Edit(_ context.Context, of chat.MessageID, m chat.Outgoing) (chat.MessageID, error) {
	n.s.emit(n.name, "  %s: %s is now: %s", n.name, of, m.Body.Text)
	return of, nil
}

func (n *net) Delete(_ context.Context, of chat.MessageID, m chat.Outgoing) error {
	where := ""
	if m.Place.Thread != "" {
		where = " in the thread " + string(m.Place.Thread)
	}
	n.s.emit(n.name, "  %s: %s is deleted%s", n.name, of, where)
	return nil
}

// slackNet is a network with the abilities of Slack: answers stand in threads,
// there is a page for each person, and single messages can be read.
type slackNet struct{ *net }

func (slackNet) Prompt(p chat.Place) string {
	if p.Thread != "" {
		return "@hashsend"
	}
	return "/send"
}

func (slackNet) Limits() chat.Limits { return chat.Limits{Chars: 3900, Threads: true} }

func (n slackNet) Fetch(_ context.Context, p chat.Place, id chat.MessageID) (chat.Posted, error) {
	n.s.mu.Lock()
	down := n.down
	n.s.mu.Unlock()
	if down {
		return chat.Posted{}, errDown
	}
	if id == "nothing" {
		return chat.Posted{}, retry.Never(errors.New("it is not there"))
	}
	return before(id, p), nil
}

func (slackNet) Limitations() []string { return []string{"nobody is told who types"} }

func (n slackNet) Report(_ context.Context, of chat.MessageID, p chat.Place, st chat.State) error {
	n.s.mu.Lock()
	down := n.down
	n.s.mu.Unlock()
	if down {
		return errDown
	}
	if st.Recovered {
		n.s.emit(n.name+" "+string(p.Room), "  %s %s: the sign of a failure goes from %s", n.name, p.Room, of)
	}
	if st.Phase != chat.Accepted {
		n.s.emit(n.name+" "+string(p.Room), "  %s %s: state %d at %s: %s", n.name, p.Room, st.Phase, of, st.Reason)
	}
	return nil
}

// submitter is the stage's mail server.
type submitter stage

func (x *submitter) Submit(_ context.Context, o mail.Outgoing, beforeDot func() error) (mail.Result, error) {
	s := (*stage)(x)
	res, err := s.answers(o.To, o.Size)
	if err != nil {
		return res, err
	}
	r, err := o.Open()
	if err != nil {
		return mail.Result{}, err
	}
	m, err := mail.Parse(r, mail.DefaultLimits)
	if err != nil {
		return mail.Result{}, err
	}
	if err := beforeDot(); err != nil {
		return mail.Result{}, err
	}
	s.mu.Lock()
	s.sent = append(s.sent, m)
	n := len(s.sent)
	if how := s.refuse["rewrite"]; how != "" {
		res.FinalID = fmt.Sprintf(how, n)
	}
	s.mu.Unlock()
	var to []string
	for _, a := range m.To {
		to = append(to, a.Address)
	}
	s.emit("zz mail", "  mail %d: %q to %s (shown: %s) %q\n    In-Reply-To %s, References %s, Reply-To %v %s\n    %s",
		n, m.From[0].Name, strings.Join(o.To, " "), strings.Join(to, " "), m.Subject,
		m.InReplyTo, m.References, m.ReplyTo, strings.TrimSpace(m.Header.Get("X-Auto-Response-Suppress")+" "+m.Header.Get("Auto-Submitted")+" "+m.Header.Get("Precedence")), indent(m.Text+filesText(&m)+shownReaction(&m)))
	return res, nil
}

// answers is what the mail server says to each recipient; with 552 5.3.4 it refuses large
// mails alone.
func (s *stage) answers(to []string, size int64) (res mail.Result, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ok := false
	for _, a := range to {
		o := mail.Outcome{Address: a, ServerSay: s.refuse[a]}
		if o.ServerSay == "" {
			o.ServerSay = s.refuse["*"]
		}
		if strings.HasPrefix(o.ServerSay, "552 5.3.4") && size < 100_000 {
			o.ServerSay = ""
		}
		switch {
		case o.ServerSay == "":
			ok = true
		case o.ServerSay[0] == '4':
			o.State = mail.Deferred
		default:
			o.State = mail.Refused
		}
		res.Outcomes = append(res.Outcomes, o)
	}
	if ok {
		return res, nil
	}
	err = errors.New(res.Outcomes[0].ServerSay)
	switch {
	case strings.HasPrefix(err.Error(), "421"):
		err = retry.Congested(err)
	case res.Outcomes[0].State == mail.Refused:
		err = retry.Never(err)
	}
	return res, err
}

// verifier trusts as the script says.
type verifier stage

func (v *verifier) Verify(context.Context, mail.Incoming) (mail.Verdict, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return mail.Verdict{Trust: v.trust, Reason: "the signature does not fit"}, nil
}

func (s *stage) member(verb string, f []string) {
	room, network, _ := strings.Cut(f[1], "@")
	network, head := s.head(f[0], network, room, "")
	s.nets[network].comeAndGo(verb)
	switch verb {
	case "join":
		s.handle(network, chat.Joined{Head: head, Self: f[0] == "bot"})
	case "leave":
		s.handle(network, chat.Left{Head: head, Self: f[0] == "bot"})
	case "invite":
		s.handle(network, chat.Invited{Head: head})
	case "rename":
		s.handle(network, chat.Renamed{Head: head, Name: strings.Join(f[2:], " ")})
	case "topic":
		s.handle(network, chat.TopicSet{Head: head, Topic: strings.Join(f[2:], " ")})
	case "move":
		s.handle(network, chat.Moved{Head: head, To: chat.RoomID(f[2])})
	}
}
