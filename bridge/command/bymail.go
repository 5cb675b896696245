package command

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"hashsend/bridge/admit"
	"hashsend/bridge/core"
	"hashsend/bridge/frommail"
	"hashsend/bridge/mail"
	"hashsend/bridge/store"
	"hashsend/bridge/tochat"
	"hashsend/bridge/tomail"
)

// ByMail runs a command from an email. Leaving always works, at once and unverified;
// everything else needs a verified participant.
func ByMail(w *core.Work, box *core.Box, a admit.Order, l frommail.Mail, d frommail.Decision) error {
	words := strings.Fields(strings.TrimPrefix(l.Class.Command, "/"))
	name := ""
	if len(words) > 0 {
		name = strings.ToLower(words[0])
	}
	if d.Route.Leave {
		name = "leave"
	}
	for _, id := range d.Route.Threads {
		th, err := w.Thread(id)
		if err != nil {
			return err
		}
		p, err := w.Participant(id, mail.CanonicalAddress(l.Author.Address))
		if errors.Is(err, store.ErrNone) {
			continue
		}
		if err != nil {
			return err
		}
		if name == "leave" {
			if err := leave(w, a, th, p, l); err != nil {
				return err
			}
			continue
		}
		proof, proven := a.Proof(id)
		if !proven {
			if err := refuseCommand(w, a, th, p, l); err != nil {
				return err
			}
			continue
		}
		if err := obey(w, proof, th, p, l, name, words); err != nil {
			return err
		}
	}
	return nil
}

// refuseCommand ignores a command. A participant is told why, at most once a day, so that
// forged email cannot make the bridge write to them at will.
func refuseCommand(w *core.Work, _ admit.Order, th store.Thread, p store.Participant, l frommail.Mail) error {
	w.Trace(core.Trace{Thread: th.ID, Kind: "refused", Text: "a command by email from an unverified sender was ignored"})
	trust, err := w.Sender(p.Canon)
	if err != nil || trust == store.SenderBlocked || l.Verdict.Trust == mail.Failed || !p.Takes() {
		return err
	}
	seen, err := w.Seen(w.Now, "command refused", fmt.Sprint(p.ID), w.Now.Format(time.DateOnly))
	if err != nil || seen {
		return err
	}
	return tomail.Note(w, th, p, "", fmt.Sprintf("An email from your address contained the command “%s”. The sender couldn't be verified, so nothing was changed. "+
		"Ask a member of the room to do it for you. /leave always works.", core.OneLine(l.Class.Command, 60)), l.Msg.ID)
}

// leave ends the email to a person, confirms it to them and tells the rooms.
func leave(w *core.Work, _ admit.Order, th store.Thread, p store.Participant, l frommail.Mail) error {
	if p.State == store.Gone {
		return nil
	}
	if err := w.EndMail(p, store.Gone); err != nil {
		return err
	}
	w.Trace(core.Trace{Thread: th.ID, Kind: "left", Text: p.Name + " left by email"})
	if err := tochat.NoticeThread(w, th.ID, fmt.Sprintf("%s left and gets no more email from here. Only they can come back.", p.Name)); err != nil {
		return err
	}
	if err := tochat.Announce(w, th.ID); err != nil {
		return err
	}
	return tomail.Note(w, th, p, "", "You left this conversation and will get no more email from it. To come back, reply with /join.", l.Msg.ID)
}

// obey runs the other commands by email and replies privately.
func obey(w *core.Work, _ admit.Proof, th store.Thread, p store.Participant, l frommail.Mail, name string, words []string) error {
	switch name {
	case "join":
		if p.Takes() {
			return tomail.Note(w, th, p, "", "You are in this conversation.", l.Msg.ID)
		}
		p.State, p.Changed, p.Joined, p.Bounces = store.Active, w.Now, w.Now, 0
		if err := w.SetParticipant(p); err != nil {
			return err
		}
		if err := tochat.NoticeThread(w, th.ID, p.Name+" is back in this conversation by email."); err != nil {
			return err
		}
		if err := tochat.Announce(w, th.ID); err != nil {
			return err
		}
		return tomail.Note(w, th, p, "", "Welcome back. You are in this conversation again and will get new messages by email.", l.Msg.ID)
	case "who":
		text, err := whoText(w, th, th.Mode == store.ModeOpen, w.Env.ZoneNamed(p.Zone))
		if err != nil {
			return err
		}
		return tomail.Note(w, th, p, "", text, l.Msg.ID)
	case "alias":
		return aliasByMail(w, th, p, l, words)
	case "mute":
		return mute(w, th, p, l, words)
	case "digest":
		return digestByMail(w, th, p, l, words)
	case "zone":
		return zoneByMail(w, th, p, l, words)
	}
	return tomail.Note(w, th, p, "", "Reply with one of these commands in the first line:\n/leave – get no more email from this conversation\n/join – come back\n/mute 2h – get no email for a while, such as 30m, 2h or 3d\n/mute off – get email again\n/digest daily – get one email a day; also instant, burst, 15min, hourly, mentions or paused\n/zone Europe/Berlin – set your time zone\n/who – list the participants", l.Msg.ID)
}

func mute(w *core.Work, th store.Thread, p store.Participant, l frommail.Mail, words []string) error {
	until, ok := muteUntil(words, w.Now)
	if !ok {
		return tomail.Note(w, th, p, "", "A duration is required: reply with /mute 2h, /mute 3d or /mute off.", l.Msg.ID)
	}
	p.Muted = until
	if err := w.SetParticipant(p); err != nil {
		return err
	}
	if until.IsZero() {
		return tomail.Note(w, th, p, "", "You get email from this conversation again.", l.Msg.ID)
	}
	return tomail.Note(w, th, p, "", "You get no email from this conversation until "+core.When(until, w.Now, w.Env.ZoneNamed(p.Zone))+". Messages until then are not sent later.", l.Msg.ID)
}

// muteUntil reads "mute 2h": minutes, hours or days. Without a duration, and for "on", it
// is a year; "off" is the zero time.
func muteUntil(words []string, now time.Time) (time.Time, bool) {
	if len(words) < 2 {
		return now.AddDate(1, 0, 0), len(words) == 1
	}
	s := strings.ToLower(words[1])
	if on, is := Switch(s); is && on {
		return now.AddDate(1, 0, 0), true
	} else if is {
		return time.Time{}, true
	}
	var n int
	var unit string
	if _, err := fmt.Sscanf(s, "%d%s", &n, &unit); err != nil || n <= 0 || n > 10000 {
		return time.Time{}, false
	}
	switch unit {
	case "m", "min":
		return now.Add(time.Duration(n) * time.Minute), true
	case "h":
		return now.Add(time.Duration(n) * time.Hour), true
	case "d":
		return now.AddDate(0, 0, n), true
	}
	return time.Time{}, false
}
