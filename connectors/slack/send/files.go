package send

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"hashsend/bridge/chat"
	"hashsend/bridge/markup"
	"hashsend/bridge/retry"
	"hashsend/connectors/slack/blocks"
	"hashsend/connectors/slack/web"
	"hashsend/connectors/slack/wire"
)

// upload is a file that was shared, or may have been.
type upload struct {
	file string
	at   time.Time
}

// SendFile uploads a file and shares it; see chat.Filer. Slack does not let apps choose
// the name on a file's message, so the comment names the author. The key is the id of
// the comment's block, which people do not see. By this key an earlier attempt, even
// one before a restart, is found once the channel shows the file. Slack first examines
// the file; within one run of the program, nothing is uploaded again for ten minutes.
// What Find has not found just after the start is looked for once more: an earlier run
// may have shared it in its last moment.
func (s *Sender) SendFile(ctx context.Context, m chat.Outgoing, f chat.Attachment) (chat.MessageID, error) {
	if err := s.takes(m, f); err != nil {
		return "", retry.Never(fmt.Errorf("share a file: %w", err))
	}
	under := thread(m)
	p := chat.Place{Room: m.Place.Room, Thread: chat.ThreadID(under)}
	if id, done, err := s.sharedBefore(ctx, p, m.Key); err != nil || done {
		return id, err
	}
	file, err := s.web.Upload(ctx, f)
	if err != nil {
		return "", fmt.Errorf("upload a file: %w", err)
	}
	if err := s.share(ctx, file, under, m, f); err != nil {
		return "", err
	}
	return s.whereShared(ctx, p, m.Key, file)
}

// sharedBefore looks for what an earlier attempt has shared, if there may have been one.
// not done: nothing was shared.
func (s *Sender) sharedBefore(ctx context.Context, p chat.Place, key string) (id chat.MessageID, done bool, err error) {
	again := s.again(key)
	if s.wasUnfound(key) {
		if !retry.Sleep(ctx, time.Until(s.began.Add(s.unseen))) {
			return "", false, fmt.Errorf("share a file: %w", ctx.Err())
		}
		again = true
	}
	if !again {
		return "", false, nil
	}
	if id, found, err := s.recent(ctx, p, key); err != nil || found {
		return id, found, err
	}
	if up, is := s.uploaded(key); is && time.Since(up.at) < s.Fresh {
		id, err := s.whereShared(ctx, p, key, up.file)
		return id, true, err
	}
	return "", false, nil
}

// wasUnfound reports, once, whether Find has not found a key just after the start.
func (s *Sender) wasUnfound(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	was := s.unfound[key]
	delete(s.unfound, key)
	return was
}

// takes returns why a file cannot be shared; nil: it can be tried.
func (s *Sender) takes(m chat.Outgoing, f chat.Attachment) error {
	switch {
	case m.Place.Room == "":
		return errors.New("no channel given")
	case !s.web.Uses(web.Files):
		return errors.New("the function “files” is switched off for this app")
	case f.Size <= 0:
		return errors.New("Slack doesn't accept empty files") //lint:ignore ST1005 a name
	case f.Size > web.MaxFile:
		return errors.New("Slack accepts files of up to 1 GB") //lint:ignore ST1005 a name
	}
	return nil
}

// share shows an uploaded file in its channel. It notes the upload if the channel
// shows the file, or may.
func (s *Sender) share(ctx context.Context, file, under string, m chat.Outgoing, f chat.Attachment) error {
	channel := string(m.Place.Room)
	if err := s.web.Wait(ctx, channel); err != nil {
		return err
	}
	_, err := s.web.API.CompleteUploadExternalContext(ctx, slack.CompleteUploadExternalParameters{
		Files: []slack.FileSummary{{ID: file, Title: f.Name}}, Channel: channel, ThreadTimestamp: under,
		Blocks: slack.Blocks{BlockSet: caption(m, f, s.directory.Mentionable(ctx, channel, m))},
	})
	if web.Says(err, "file_not_found") {
		return fmt.Errorf("share a file: the upload didn't arrive: %s", err.Error())
	}
	err = web.Mark(err)
	if err == nil || retry.IsUnclear(err) {
		s.mu.Lock()
		if len(s.uploads) > 10000 {
			clear(s.uploads)
		}
		s.uploads[m.Key] = upload{file, time.Now()}
		s.mu.Unlock()
	}
	if err != nil {
		return fmt.Errorf("share a file: %w", err)
	}
	return nil
}

func (s *Sender) uploaded(key string) (upload, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	up, is := s.uploads[key]
	return up, is
}

// caption makes the comment of a file: its author, and the text with it.
func caption(m chat.Outgoing, f chat.Attachment, members markup.Names) []slack.Block {
	said := m.Body.HTML
	if said == "" {
		said = markup.FromText(m.Body.Text)
	}
	name := m.As.Name
	if name == "" && m.Body.Text == "" {
		name = f.Name
	}
	if name != "" {
		said = "<p><strong>" + markup.FromText(name) + "</strong></p>" + said
		m.Body.Text = strings.TrimSpace(name + "\n" + m.Body.Text)
	}
	m.Body.HTML, m.Kind, m.Choices = markup.Sanitise(said), chat.Said, nil
	all, _ := content(m, members)
	if len(all) > 0 {
		if b, is := all[0].(*slack.RichTextBlock); is {
			b.BlockID = wire.BlockID(m.Key)
			return all
		}
	}
	section := slack.NewSectionBlock(blocks.Plain(m.Body.Text, 2900), nil, nil)
	section.BlockID = wire.BlockID(m.Key)
	return []slack.Block{section}
}

// whereShared waits until the channel shows a file, and returns the message.
func (s *Sender) whereShared(ctx context.Context, p chat.Place, key, file string) (chat.MessageID, error) {
	pause := 100 * time.Millisecond
	for end := time.Now().Add(s.Patience); ; pause = min(2*pause, 3*time.Second) {
		info, err := s.web.FileInfo(ctx, file)
		switch {
		case err == nil:
			if ts := info.SharedIn(string(p.Room)); ts != "" {
				return wire.MessageID(string(p.Room), ts), nil
			}
		case web.Says(err, "missing_scope"):
			if id, found, err := s.recent(ctx, p, key); err != nil || found {
				return id, err
			}
		default:
			if asked, is := retry.Pause(err); is {
				pause = asked
			}
		}
		if time.Now().Add(pause).After(end) {
			return "", retry.Unclear(errors.New("Slack has the file, but the channel doesn't show it yet"))
		}
		if !retry.Sleep(ctx, pause) {
			return "", retry.Unclear(ctx.Err())
		}
	}
}

// ownFiles returns the ids of the files in a message of ours. A message that cannot
// be read counts as one without files.
func (s *Sender) ownFiles(ctx context.Context, p chat.Place, channel, ts string) []string {
	if !s.web.Uses(web.Files) {
		return nil
	}
	ids, err := s.web.OwnFiles(ctx, p, channel, ts)
	if err != nil && ctx.Err() == nil {
		s.web.Log.Warn("could not look up the files of a deleted message", "error", err)
	}
	return ids
}
