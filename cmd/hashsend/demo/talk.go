package demo

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"hashsend/bridge/mail"
	"hashsend/bridge/retry"
	"hashsend/connectors/local"
)

// pause is the time before somebody in the sample conversation writes.
const pause = 1500 * time.Millisecond

// isNew reports whether nobody has posted in the room yet.
func (d *demo) isNew() bool {
	all, _ := d.room.After(0)
	return !slices.ContainsFunc(all, func(e local.Entry) bool { return e.By != "" })
}

// talk runs a short sample conversation and prints what each side sees: messages and a reaction
// in each direction, sent the same way as those of people.
func (d *demo) talk(ctx context.Context) error {
	asked, err := d.says(ctx, local.Entry{Kind: "said", By: "alice", Name: "Alice", Text: "Can anyone bring a cake on Saturday?"})
	if err != nil {
		return err
	}
	if err := d.writes(ctx, asked, letter{Text: "Sure, I'll bring an apple cake."}); err != nil {
		return err
	}
	answer, err := d.appears(ctx, "an apple cake")
	if err != nil {
		return err
	}
	if _, err := d.room.Add(local.Entry{Kind: "react", Room: room, By: "bob", Name: "Bob", Of: answer.ID(), Text: "🎂"}); err != nil {
		return err
	}
	d.tell("room", "Bob reacts with 🎂")
	last, err := d.says(ctx, local.Entry{Kind: "said", By: "bob", Name: "Bob", Text: "Then I'll bring the coffee."})
	if err != nil {
		return err
	}
	if err := d.writes(ctx, last, letter{Emoji: "👍"}); err != nil {
		return err
	}
	_, err = d.appears(ctx, "👍")
	if err == nil {
		fmt.Fprintln(d.o.Out, "\n  Now it's your turn.")
	}
	return err
}

func (d *demo) tell(side, text string) { fmt.Fprintf(d.o.Out, "    %-7s%s\n", side, text) }

// says posts in the room and waits for the email to Ann.
func (d *demo) says(ctx context.Context, e local.Entry) (m storedMail, err error) {
	if err := think(ctx); err != nil {
		return m, err
	}
	e.Room = room
	if _, err := d.room.Add(e); err != nil {
		return m, err
	}
	d.tell("room", e.Name+": "+e.Text)
	var from, subject string
	err = d.await(ctx, func() bool {
		return slices.ContainsFunc(d.ann.list(0), func(got storedMail) bool {
			p, err := mail.Parse(bytes.NewReader(got.Raw), mail.DefaultLimits)
			if err != nil || got.Folder != "INBOX" || len(p.From) == 0 || !strings.Contains(p.Text, e.Text) {
				return false
			}
			m, from, subject = got, p.From[0].Name, p.Subject
			return true
		})
	})
	if err == nil {
		d.tell("email", fmt.Sprintf("Ann receives an email from “%s” with the subject “%s”: %s", from, subject, e.Text))
	}
	return m, err
}

// writes sends a reply or a reaction from Ann.
func (d *demo) writes(ctx context.Context, to storedMail, l letter) error {
	if err := think(ctx); err != nil {
		return err
	}
	l.Parent = &to
	if l.Emoji != "" {
		d.tell("email", "Ann reacts with "+l.Emoji+", as in Gmail")
	} else {
		d.tell("email", "Ann replies: "+l.Text)
	}
	return d.send(ctx, l)
}

// appears waits until Ann's email shows up in the room.
func (d *demo) appears(ctx context.Context, text string) (found local.Entry, err error) {
	err = d.await(ctx, func() bool {
		all, _ := d.room.After(0)
		i := slices.IndexFunc(all, func(e local.Entry) bool { return e.Bridge && strings.Contains(e.Text, text) })
		if i >= 0 {
			found = all[i]
		}
		return i >= 0
	})
	if err == nil && found.Kind == "react" {
		d.tell("room", found.Name+" reacts with "+found.Text)
	} else if err == nil {
		d.tell("room", found.Name+": "+found.Text)
	}
	return found, err
}

// await waits until a condition on the room or the mailboxes is true.
func (d *demo) await(ctx context.Context, is func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		_, roomChanged := d.room.After(0)
		mailChanged := d.mail.wait()
		if is() {
			return nil
		}
		select {
		case <-roomChanged:
		case <-mailChanged:
		case <-ctx.Done():
			return fmt.Errorf("wait for the other side: %w", ctx.Err())
		}
	}
}

func think(ctx context.Context) error {
	if !retry.Sleep(ctx, pause) {
		return ctx.Err()
	}
	return nil
}
