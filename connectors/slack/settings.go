package slack

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"hashsend/bridge/chat"
)

const (
	shownReaders = 90  // Slack takes 100 blocks
	longestTitle = 200 // characters of a title that can be changed here; it is kept in the dialog
	longestID    = 255 // of a block

	// fieldReader is what the ids of the fields for people begin with; when the person got
	// mail, and the address, follow.
	fieldReader = "reader|"
)

// ShowSettings opens the dialog with the settings of a conversation; see chat.Setter.
func (c *Connector) ShowSettings(ctx context.Context, to chat.UserID, via string, s chat.Settings) error {
	c.dialog(ctx, asking{user: string(to), trigger: via}, c.settingsDialog(s))
	return nil
}

func (c *Connector) settingsDialog(s chat.Settings) slack.ModalViewRequest {
	n := noted{Channel: string(s.Place.Room), Thread: string(s.Place.Thread), Mode: s.Mode}
	var blocks []slack.Block
	if len([]rune(s.Title)) <= longestTitle {
		n.Title = s.Title
		title := input(fieldTitle, "Title", "Another title begins mails with another subject.", "Lunch", true)
		title.Element.(*slack.PlainTextInputBlockElement).InitialValue = s.Title
		blocks = append(blocks, title)
	}
	blocks = append(blocks, chosen(choose(fieldMode, "People by email",
		[2]string{"open", "See each other's addresses"}, [2]string{"hidden", "Each gets a mail of their own"}), s.Mode))
	var modes []*slack.OptionBlockObject
	for _, m := range s.Modes {
		modes = append(modes, slack.NewOptionBlockObject(m.Command, plainText(m.Label, 75), nil))
	}
	left := 0
	for i, r := range s.Readers {
		field := fieldReader + r.Mode + "|" + r.Address
		now := slices.IndexFunc(modes, func(o *slack.OptionBlockObject) bool { return o.Value == r.Mode })
		if i-left >= shownReaders || len(field) > longestID || now < 0 {
			left++
			continue
		}
		pick := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, plainText("When mail goes out", 150), field, modes...).WithInitialOption(modes[now])
		blocks = append(blocks, slack.NewInputBlock(field, plainText(r.Name+" <"+r.Address+">", 2000), nil, pick))
	}
	if left > 0 {
		blocks = append(blocks, section(fmt.Sprintf("… and %d more: `%s digest ADDRESS MODE` in the channel changes when mail goes to them.", left, c.cfg.Command)))
	}
	return modal(modalSettings, "Settings", "Save", n.text(), blocks...)
}

// chosen begins a choice with the option of this value.
func chosen(b *slack.InputBlock, value string) *slack.InputBlock {
	radio := b.Element.(*slack.RadioButtonsBlockElement)
	for _, o := range radio.Options {
		if o.Value == value {
			radio.InitialOption = o
		}
	}
	return b
}

// settled converts the filled-in dialog for settings: what was changed, and the page anew.
func (c *Connector) settled(ctx context.Context, in slack.InteractionCallback, n noted) (out outcome) {
	ask := asking{channel: n.Channel, thread: n.Thread, user: in.User.ID, response: direct + in.User.ID}
	for _, text := range changes(n, in.View.State.Values) {
		ev := c.commanded(ctx, ask, text)
		ev.Event = chat.EventID("view/" + in.View.ID + "/" + in.View.Hash + "/" + text)
		out.events = append(out.events, ev)
	}
	if len(out.events) > 0 {
		p := c.person(ctx, in.User.ID)
		out.events = append(out.events, chat.DeskOpened{Head: chat.Head{At: time.Now(), By: p.author}, Rank: p.rank})
	}
	return out
}

// changes are the commands for what was changed in the dialog.
func changes(was noted, values map[string]map[string]slack.BlockAction) (all []string) {
	if title := strings.Join(strings.Fields(values[fieldTitle][fieldTitle].Value), " "); title != "" && title != was.Title {
		all = append(all, "name "+title)
	}
	if mode := values[fieldMode][fieldMode].SelectedOption.Value; mode != "" && mode != was.Mode {
		all = append(all, "mode "+mode)
	}
	people := map[string][]string{} // by when they are to get mail
	for field, value := range values {
		before, address, _ := strings.Cut(strings.TrimPrefix(field, fieldReader), "|")
		mode := value[field].SelectedOption.Value
		if strings.HasPrefix(field, fieldReader) && mode != "" && mode != before {
			people[mode] = append(people[mode], address)
		}
	}
	for _, mode := range slices.Sorted(maps.Keys(people)) {
		all = append(all, "digest "+strings.Join(slices.Sorted(slices.Values(people[mode])), " ")+" "+mode)
	}
	return all
}
