package zone

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"hashsend/cmd/hashsend/doctor/ask"
	"hashsend/cmd/hashsend/doctor/finding"
)

// group is servers about which the same is to be said.
type group struct {
	check    string
	level    finding.Level
	text, do string // text has %s for the servers
	members  []*Server
}

// reachFindings says which servers answer, and how.
func reachFindings(f Facts) (all []finding.Finding) {
	groups, asked := grouped(f.Servers)
	good := slices.ContainsFunc(groups, func(g *group) bool { return g.level == finding.OK })
	for _, g := range groups {
		whole := len(g.members) == asked
		x := finding.Finding{Check: g.check, Level: g.level, Do: g.do, Text: fmt.Sprintf(inflect(g.text, len(g.members)), f.labels(g.members))}
		if g.level == finding.Warning && whole {
			x.Level = finding.Error // nobody is left who does it right
		}
		if x.Level == finding.Error && whole && !good {
			x.Text += fmt.Sprintf(" No server of %s is left that works.", plainName(f.Apex))
		}
		for _, s := range g.members {
			x.Evidence = append(x.Evidence, lines(s.Plain, s.EDNS, s.TCP)...)
		}
		all = append(all, x)
	}
	return all
}

// grouped puts servers together about which the same is to be said. asked is how many
// could be asked.
func grouped(servers []*Server) (groups []*group, asked int) {
	for _, s := range servers {
		if !s.Addr.IsValid() {
			continue
		}
		check, level, text, do := reach(s)
		if level != finding.Unknown {
			asked++
		}
		if text == "" {
			continue
		}
		i := slices.IndexFunc(groups, func(g *group) bool { return g.check == check && g.text == text })
		if i < 0 {
			i = len(groups)
			groups = append(groups, &group{check: check, level: level, text: text, do: do})
		}
		groups[i].members = append(groups[i].members, s)
	}
	return groups, asked
}

// forms are those of a word for one server and for several.
var forms = regexp.MustCompile(`\[([^|\]]*)\|([^|\]]*)\]`)

func inflect(text string, n int) string {
	if n == 1 {
		return forms.ReplaceAllString(text, "$1")
	}
	return forms.ReplaceAllString(text, "$2")
}

// lame reports that a server answers but has no zone, and how that shows.
func lame(r ask.Reply) string {
	switch r.Outcome {
	case ask.Refused, ask.ServFail, ask.OtherCode:
		return r.Outcome.String()
	case ask.NXDomain:
		return "NXDOMAIN"
	case ask.Referral:
		return "a referral to other servers"
	case ask.Answered, ask.NoData:
		if !r.Msg.Authoritative {
			return "an answer that is not its own"
		}
		if r.Outcome == ask.NoData {
			return "no SOA record"
		}
	}
	return ""
}

// reach says what is wrong with how one server answers; the text has a %s for its
// name. A finding of level OK: nothing.
func reach(s *Server) (check string, level finding.Level, text, do string) {
	best := s.bestReply()
	const theirs = "Tell its operator."
	switch {
	case s.Plain.Outcome == ask.NoRoute && s.TCP.Outcome == ask.NoRoute:
		what := "IPv4"
		if s.Addr.Is6() {
			what = "IPv6"
		}
		return "dns.reach", finding.Unknown, "%s could not be asked: this machine has no " + what + " connection.", ""
	case s.Plain.Outcome == ask.Unsteady || s.TCP.Outcome == ask.Unsteady:
		return "dns.reach", finding.Unknown, "%s answered the same question in different ways.", "Run the command again."
	case !best.Outcome.Reached() && s.From[53][0].Outcome.Reached():
		return "", "", "", "" // told with the source ports
	case s.Plain.Outcome == ask.Closed && s.TCP.Outcome == ask.Closed:
		return "dns.reach", finding.Warning, "At %s no name server is running: the machine refuses port 53.", "Start the name server there, or take it off the list of name servers."
	case !best.Outcome.Reached():
		return "dns.reach", finding.Warning, "%s [does|do] not answer, neither over UDP nor over TCP.", "It is down, or a firewall drops DNS. " + theirs
	case lame(best) != "":
		return "dns.lame", finding.Warning, "%s [does|do] not serve the domain: [it answers|they answer] " + lame(best) + ".", "Set the zone up there (or its transfer), or take the server off the list of name servers."
	}
	return reachWays(s)
}

// reachWays compares the ways over which a server that serves the domain answers.
func reachWays(s *Server) (check string, level finding.Level, text, do string) {
	ok := func(r ask.Reply) bool { return r.Outcome == ask.Answered }
	plain, edns, tcp := ok(s.Plain), ok(s.EDNS), s.TCP.Outcome.Reached()
	switch {
	case !plain && !edns:
		return "dns.udp", finding.Warning, "%s [answers|answer] over TCP only; over UDP nothing comes back, and resolvers ask over UDP first.", "Allow UDP port 53 in the firewall of the server."
	case !tcp && !s.TCP.Outcome.Ours():
		return "dns.tcp", finding.Warning, "%s [does|do] not answer over TCP (" + s.TCP.Outcome.String() + "); answers that do not fit into UDP are lost, such as long TXT records.", "Allow TCP port 53 in the firewall of the server (RFC 7766)."
	case plain && !edns && s.EDNS.Outcome == ask.Timeout:
		return "dns.edns", finding.Warning, "%s [does|do] not answer queries with EDNS, which all resolvers send; they may give up.", "A firewall drops them, or the server is very old: allow EDNS (RFC 6891)."
	case plain && !edns:
		return "dns.edns", finding.Note, "%s [does|do] not know EDNS (" + s.EDNS.Outcome.String() + ").", "Update the name server."
	case edns && !plain:
		return "dns.edns", finding.Note, "%s [answers|answer] only queries with EDNS.", ""
	case s.Plain.Lost+s.EDNS.Lost+s.TCP.Lost > 0:
		return "dns.loss", finding.Note, "%s answered only the second time: packets are lost on the way.", ""
	}
	return "dns.reach", finding.OK, "%s answered over UDP and TCP, with and without EDNS.", ""
}

// portFindings compares the source ports.
func portFindings(f Facts) (all []finding.Finding) {
	blocked := map[string][]*Server{}
	var order []string
	compared := 0
	for _, s := range f.Servers {
		key := blockedPorts(s, f.Ports)
		if s.comparable() {
			compared++
		}
		if key == "" {
			continue
		}
		if blocked[key] == nil {
			order = append(order, key)
		}
		blocked[key] = append(blocked[key], s)
	}
	for _, key := range order {
		all = append(all, f.portFinding(key, blocked[key], compared))
	}
	all = append(all, f.ownPorts()...)
	if len(order) > 0 || compared == 0 || len(f.usable()) == 0 {
		return all
	}
	x := finding.Finding{
		Check: "dns.source-port", Level: finding.OK, Evidence: f.portLines(f.Servers),
		Text: fmt.Sprintf("The name servers answer queries from every source port that was tried (%s).", ports(f.usable())),
	}
	if f.Local.IsPrivate() {
		x.Level = finding.Unknown
		x.Text = fmt.Sprintf("The name servers answer from every source port that was tried (%s). But this machine has the private address %s: NAT on the way out may have changed the ports, so this proves nothing.", ports(f.usable()), f.Local)
		x.Do = "Run the command on a machine with a public address to be sure."
	}
	return append(all, x)
}

// comparable reports whether the server answered from any port, so that others can
// be compared with it.
func (s *Server) comparable() bool { return s.Addr.IsValid() && s.reached() && len(s.From) > 0 }

// blockedPorts names the source ports from which a server does not answer, as a
// key; empty: none, or nothing to compare with.
func blockedPorts(s *Server, tried []int) string {
	if !s.comparable() {
		return ""
	}
	anyPort := s.Plain.Outcome.Reached() || s.EDNS.Outcome.Reached()
	if !anyPort {
		if s.From[53][0].Outcome.Reached() {
			return "all but 53"
		}
		return "" // UDP is silent altogether: told with the ways
	}
	var words []string
	for _, p := range tried {
		pair, ok := s.From[p]
		if !ok {
			continue
		}
		switch udp, tcp := silent(pair[0]), silent(pair[1]); {
		case udp && tcp:
			words = append(words, fmt.Sprint(p))
		case udp:
			words = append(words, fmt.Sprintf("%d over UDP", p))
		case tcp:
			words = append(words, fmt.Sprintf("%d over TCP", p))
		}
	}
	return strings.Join(words, ", ")
}

func silent(r ask.Reply) bool {
	return r.Server.IsValid() && (r.Outcome == ask.Timeout || r.Outcome == ask.Closed)
}

// portFinding says which ports are blocked, and by whom.
func (f Facts) portFinding(key string, servers []*Server, compared int) finding.Finding {
	x := finding.Finding{Check: "dns.source-port", Level: finding.Warning, Evidence: append(f.portLines(servers), f.controlPortLines()...)}
	who := f.labels(servers)
	does := verb(len(servers), "does", "do")
	switch {
	case key == "all but 53":
		x.Text = fmt.Sprintf("%s %s queries only from source port 53, as resolvers of the 1990s sent them; all of today's see time-outs.", who, verb(len(servers), "answers", "answer"))
	case f.allLow(servers):
		x.Text = fmt.Sprintf("%s %s not answer queries from source ports below 1024; resolvers that use them see SERVFAIL.", who, does)
	default:
		x.Text = fmt.Sprintf("%s %s not answer queries from source port %s; resolvers that use it see SERVFAIL.", who, does, key)
	}
	if len(servers) == compared {
		x.Level = finding.Error
	}
	switch f.whose(servers) {
	case "theirs":
		x.Text += " Their firewall, not yours."
		x.Do = fmt.Sprintf("Tell the operator of %s to accept queries from every source port (RFC 5452).", who)
	case "ours":
		x.Level = finding.Warning
		x.Text += " Your own firewall, not theirs: the control domains do not answer from there either."
		x.Do = "Allow outgoing DNS from every source port. Nothing is proven about the domain."
	default:
		x.Level = finding.Unknown
		x.Text += " Whether it is their firewall or yours could not be told: no control answered."
		x.Do = "Name control domains that can be reached from here with --control."
	}
	return x
}

// allLow reports whether every tried port below 1024 is blocked, and none above.
func (f Facts) allLow(servers []*Server) bool {
	low := false
	for _, s := range servers {
		for p, pair := range s.From {
			if pair[0].Outcome.Ours() {
				continue
			}
			if silent(pair[0]) != (p < 1024) {
				return false
			}
			low = low || p < 1024
		}
	}
	return low
}

// whose finds out on which side the ports are blocked: what gets an answer from
// the same port elsewhere has left our side.
func (f Facts) whose(servers []*Server) string {
	blocked, anyPort := blockedBy(servers)
	passed, stopped := 0, 0
	count := func(r ask.Reply) {
		if r.Outcome.Reached() {
			passed++
		} else if silent(r) {
			stopped++
		}
	}
	for _, k := range f.Controls {
		if !k.Any.Outcome.Reached() {
			continue
		}
		if anyPort {
			count(k.Any)
		}
		for p := range blocked {
			count(k.From[p])
		}
	}
	for _, s := range f.Servers {
		for p := range blocked {
			if !slices.Contains(servers, s) && s.From[p][0].Outcome.Reached() {
				passed++
			}
		}
	}
	switch {
	case passed > 0:
		return "theirs"
	case stopped > 0:
		return "ours"
	}
	return ""
}

// blockedBy are the source ports from which some of the servers are silent; anyPort:
// also those that are not chosen.
func blockedBy(servers []*Server) (blocked map[int]bool, anyPort bool) {
	blocked = map[int]bool{}
	for _, s := range servers {
		anyPort = anyPort || silent(s.EDNS) && silent(s.Plain)
		for p, pair := range s.From {
			if silent(pair[0]) || silent(pair[1]) {
				blocked[p] = true
			}
		}
	}
	return blocked, anyPort
}

// ownPorts says which ports could not be used here.
func (f Facts) ownPorts() (all []finding.Finding) {
	denied, taken := map[int]bool{}, map[int]bool{}
	note := func(p int, r ask.Reply) {
		if !r.Server.IsValid() {
			return
		}
		denied[p] = denied[p] || r.Outcome == ask.PortDenied
		taken[p] = taken[p] || r.Outcome == ask.PortTaken
	}
	for _, s := range f.Servers {
		for p, pair := range s.From {
			note(p, pair[0])
			note(p, pair[1])
		}
	}
	var no, busy []int
	for _, p := range f.Ports {
		if denied[p] {
			no = append(no, p)
		} else if taken[p] {
			busy = append(busy, p)
		}
	}
	if len(no) > 0 {
		all = append(all, finding.Finding{
			Check: "dns.source-port", Level: finding.Unknown,
			Text: fmt.Sprintf("The source %s %s could not be tried: this user may not send from low ports.", verb(len(no), "port", "ports"), ports(no)),
			Do:   "Give the program the right, then run it again: sudo setcap cap_net_bind_service=+ep $(command -v hashsend), or use sudo.",
		})
	}
	if len(busy) > 0 {
		all = append(all, finding.Finding{
			Check: "dns.source-port", Level: finding.Unknown,
			Text: fmt.Sprintf("The source %s %s could not be tried: another program on this machine uses it, such as a local resolver.", verb(len(busy), "port", "ports"), ports(busy)),
		})
	}
	return all
}

// usable are the ports that could be tried.
func (f Facts) usable() (all []int) {
	for _, p := range f.Ports {
		for _, s := range f.Servers {
			if pair, ok := s.From[p]; ok && !pair[0].Outcome.Ours() {
				all = append(all, p)
				break
			}
		}
	}
	return all
}

func ports(all []int) string {
	var words []string
	for _, p := range all {
		words = append(words, fmt.Sprint(p))
	}
	return finding.List(words)
}

func (f Facts) portLines(servers []*Server) (all []string) {
	for _, s := range servers {
		all = append(all, lines(s.EDNS)...)
		for _, p := range f.Ports {
			all = append(all, lines(s.From[p][0], s.From[p][1])...)
		}
	}
	return all
}

func (f Facts) controlPortLines() (all []string) {
	all = f.controlLines()
	for _, k := range f.Controls {
		for _, p := range f.Ports {
			if r, ok := k.From[p]; ok {
				all = append(all, "control "+r.String())
			}
		}
	}
	return all
}
