package tomail

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"strings"
	"time"

	"hashsend/bridge/core"
	"hashsend/bridge/mail"
	"hashsend/bridge/outbox"
	"hashsend/bridge/store"
)

// How long late edits are collected before they are emailed.
const (
	correctAfter  = 45 * time.Second // after the last one
	correctAtMost = 5 * time.Minute  // after the first
)

// correctJob is the data of a delivery that emails corrections.
type correctJob struct {
	Thread int64 `json:"thread"`
}

// EditedLate records an edit or deletion of a message that somebody already received by email.
// was is its earlier text.
func EditedLate(w *core.Work, m store.Message, was string) error {
	readers, err := w.MailedTo(m.ID)
	if err != nil || len(readers) == 0 {
		return err
	}
	if err := w.AddLateEdit(store.LateEdit{Message: m.ID, Was: was, Readers: readers}); err != nil {
		return err
	}
	return correctLater(w, m.Thread)
}

// jobCorrect is the kind of delivery that emails corrections.
const jobCorrect = "mail.correct"

func correctLater(w *core.Work, thread int64) error {
	key, due := w.Key("f", thread), w.Now.Add(core.Delay(correctAfter))
	if err := outbox.Enqueue(w, jobCorrect, outbox.CorrectLane(thread), key, correctJob{thread}, nil, due); err != nil {
		return err
	}
	return w.Postpone(key, due, core.Delay(correctAtMost))
}

// deliverCorrection emails the corrections of a conversation.
func deliverCorrection(ctx context.Context, e *core.Env, d store.Delivery) error {
	var j correctJob
	if err := json.Unmarshal([]byte(d.Data), &j); err != nil {
		return fmt.Errorf("decode delivery: %w", err)
	}
	return e.Write(ctx, "correct", func(w *core.Work) error {
		if err := w.Done(d.ID); err != nil {
			return err
		}
		th, err := w.Thread(j.Thread)
		if err != nil {
			return err
		}
		if th.Paused {
			return correctLater(w, j.Thread)
		}
		return correct(w, j.Thread)
	})
}

// correct emails what changed in the messages of a conversation since they were emailed.
func correct(w *core.Work, thread int64) error {
	edits, err := w.TakeLateEdits(thread)
	if err != nil {
		return err
	}
	var all []store.Message
	readers := map[int64]store.IDs{}
	before := map[int64]string{}
	for _, e := range edits {
		m, err := w.Message(e.Message)
		if err != nil {
			return err
		}
		if changed, is := corrected(w, m, e.Was); is {
			readers[m.ID], before[m.ID] = e.Readers, e.Was
			all = append(all, changed)
		}
	}
	if len(all) == 0 {
		return nil
	}
	p, err := PlanFor(w, thread, all)
	if err != nil {
		return err
	}
	p.Correction, p.Files, p.Have, p.Was = true, nil, readers, before
	for _, m := range all {
		q, err := quoteOf(w, m)
		if err != nil {
			return err
		}
		q.Text = "" // the text says what changed
		p.Quotes[m.ID] = q
	}
	if err := Make(w, p); err != nil {
		return err
	}
	return letWait(w, p)
}

// corrected returns a message as a correction for people who have the earlier text. It returns
// false if there is nothing to tell.
func corrected(w *core.Work, m store.Message, was string) (store.Message, bool) {
	switch {
	case m.State == store.Deleted && w.Env.TellDeletes:
		// The deleted text is not repeated.
		m.Text, m.HTML = "🗑 The message from "+mail.TimeOf(m.At.In(w.Env.ZoneNamed("")))+" was deleted in the room.", ""
	case (m.State == store.Mailed || m.State == store.Held) && !core.SameWords(was, m.Text):
		m.Text, m.HTML = changedWords(was, m)
	default:
		return m, false
	}
	m.Files = ""
	return m, true
}

// changedWords describes an edit: the new text, and the earlier text if both are short.
func changedWords(was string, m store.Message) (text, markup string) {
	const short = 300 // characters
	text = "✏️ Edited: " + m.Text
	before := strings.Join(strings.Fields(was), " ")
	if len([]rune(before)) > short || len([]rune(m.Text)) > short {
		if m.HTML != "" {
			return text, "<p>✏️ Edited:</p>" + m.HTML
		}
		return text, ""
	}
	text += "\n(was: " + before + ")"
	return text, "✏️ Edited: " + changes(was, m.Text)
}

// changes returns the difference of two texts, word by word, as HTML.
func changes(was, now string) string {
	a, b := strings.Fields(was), strings.Fields(now)
	// same[i][j] is the number of words that a[i:] and b[j:] have in common, in order.
	same := make([][]int, len(a)+1)
	for i := range same {
		same[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if same[i][j] = max(same[i+1][j], same[i][j+1]); a[i] == b[j] {
				same[i][j] = same[i+1][j+1] + 1
			}
		}
	}
	var out, gone, come []string
	flush := func() {
		if len(gone) > 0 {
			out = append(out, "<del>"+html.EscapeString(strings.Join(gone, " "))+"</del>")
		}
		if len(come) > 0 {
			out = append(out, "<strong>"+html.EscapeString(strings.Join(come, " "))+"</strong>")
		}
		gone, come = nil, nil
	}
	for i, j := 0, 0; i < len(a) || j < len(b); {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			flush()
			out = append(out, html.EscapeString(a[i]))
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && same[i+1][j] >= same[i][j+1]:
			gone = append(gone, a[i])
			i++
		default:
			come = append(come, b[j])
			j++
		}
	}
	flush()
	return strings.Join(out, " ")
}
