package receive

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hashsend/connectors/slack/dialogs"
)

// lined is a line that notes what is handled, and when.
type lined struct {
	*line
	begun time.Time
	order []string
	after map[string]time.Duration
	wrong []string
	asked sync.WaitGroup // for commands whose turn is waited for
}

// serveLine runs use with a line that is served, and ends it as the program does.
func serveLine(t *testing.T, use func(l *lined, stop context.CancelFunc)) *lined {
	l := &lined{after: map[string]time.Duration{}}
	synctest.Test(t, func(t *testing.T) {
		l.line, l.begun = newLine(), time.Now()
		ctx, stop := context.WithCancel(t.Context())
		over, end := context.WithCancel(context.WithoutCancel(ctx))
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			l.serve(ctx, over, func(in request) (dialogs.Outcome, error) {
				l.order = append(l.order, in.kind)
				l.after[in.kind] = time.Since(l.begun)
				return dialogs.Outcome{}, nil
			})
		}()
		use(l, stop)
		l.asked.Wait()
		stop()
		end()
		<-ended
	})
	return l
}

func (l *lined) say(name, ts string) {
	payload := fmt.Sprintf(`{"type":"event_callback","event":{"type":"message","ts":%q,"event_ts":%q}}`, ts, ts)
	l.enter(request{kind: name, payload: []byte(payload)}, func(_ dialogs.Outcome, err error) {
		if err != nil {
			l.wrong = append(l.wrong, name)
		}
	})
}

func TestWhatOvertookIsPutBack(t *testing.T) {
	l := serveLine(t, func(l *lined, _ context.CancelFunc) {
		l.say("b", "1700000000.000200")
		time.Sleep(settle / 2)
		l.say("a", "1700000000.000100")
		l.say("c", "1700000000.000300")
		time.Sleep(3 * settle)
	})
	if got := strings.Join(l.order, ""); got != "abc" {
		t.Errorf("handled in the order %s", got)
	}
	if l.after["b"] != settle {
		t.Errorf("the first that came waited %s, not %s", l.after["b"], settle)
	}
}

func TestTheLineWaitsForTheHistoryAsLongAsSlackAllows(t *testing.T) {
	l := serveLine(t, func(l *lined, _ context.CancelFunc) {
		if !l.begin() || l.begin() {
			t.Error("the history is read by two at once, or by none")
		}
		l.say("early", "1700000000.000100")
		time.Sleep(inTurn - settle)
		l.say("late", "1700000000.000200")
		time.Sleep(settle + time.Millisecond)
		if l.finish() || !l.finish() {
			t.Error("what was asked for meanwhile is not read once more, or for ever")
		}
		time.Sleep(settle)
	})
	if l.after["early"] != inTurn || l.after["late"] != inTurn+time.Millisecond {
		t.Errorf("handled after %v", l.after)
	}
}

func TestAtTheEndNothingWaits(t *testing.T) {
	l := serveLine(t, func(l *lined, stop context.CancelFunc) {
		l.begin()
		for i := range maxLine {
			l.say("x", fmt.Sprintf("1700000000.%06d", i))
		}
		l.say("one too many", "1700000000.100000")
		stop()
	})
	if len(l.order) != maxLine || l.after["x"] != 0 {
		t.Errorf("%d handled after %s", len(l.order), l.after["x"])
	}
	if !slices.Equal(l.wrong, []string{"one too many"}) {
		t.Errorf("refused: %v", l.wrong)
	}
}

// A command has no moment of its own: it comes behind what waits, and behind what was
// said before it and arrives after it, but never later than Slack waits for it. (EVENTS 3.1)
func TestCommandsComeBehindWhatWasSaid(t *testing.T) {
	ts := func(at time.Time) string { return fmt.Sprintf("%d.%06d", at.Unix(), at.Nanosecond()/1000) }
	l := serveLine(t, func(l *lined, _ context.CancelFunc) {
		l.say("ahead", ts(time.Now().Add(time.Minute))) // Slack's clock goes before ours
		l.command("one")
		time.Sleep(settle / 2)
		l.say("before", ts(time.Now().Add(-time.Second)))
		time.Sleep(2 * settle)
		l.say("first", ts(time.Now()))
		time.Sleep(settle / 2)
		l.command("two")
		l.say("later", ts(time.Now().Add(time.Second)))
		time.Sleep(2 * settle)
		l.begin()
		l.begun = time.Now()
		l.command("three")
		time.Sleep(2 * inTurn)
	})
	if got := strings.Join(l.order, " "); got != "before ahead one first two later three" {
		t.Errorf("handled in the order %s", got)
	}
	if len(l.wrong) > 0 {
		t.Error(l.wrong)
	}
	if l.after["three"] != inTurn {
		t.Errorf("while the history is read it waited %s", l.after["three"])
	}
}

// A command does not wait longer for a line that is held up than Slack does.
func TestCommandsDoNotWaitForALineThatIsHeldUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, over := newLine(), make(chan struct{})
		ctx, end := context.WithCancel(t.Context())
		go func() {
			defer close(over)
			l.serve(ctx, ctx, func(request) (dialogs.Outcome, error) { time.Sleep(time.Minute); return dialogs.Outcome{}, nil })
		}()
		l.enter(request{kind: kindEvent}, func(dialogs.Outcome, error) {})
		time.Sleep(settle + time.Millisecond)
		begun, calls := time.Now(), 0
		w := l.command(request{kind: dialogs.KindSlash}, func(dialogs.Outcome, error) { calls++ })
		if up, took := l.heldUp(w), time.Since(begun); !up || took != beside {
			t.Errorf("held up: %v, after %s", up, took)
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if calls != 0 {
			t.Error("the line has handled it too")
		}
		end()
		<-over
	})
}

func (l *lined) command(name string) {
	w := l.line.command(request{kind: name}, func(dialogs.Outcome, error) {})
	l.asked.Go(func() {
		if l.heldUp(w) {
			l.wrong = append(l.wrong, name+" did not wait for its turn")
		}
	})
}
