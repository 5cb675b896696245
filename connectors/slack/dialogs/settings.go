package dialogs

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"hashsend/bridge/chat"
	"hashsend/connectors/slack/blocks"
	"hashsend/connectors/slack/send"
)

const (
	shownReaders = 90  // Slack takes 100 blocks
	longestTitle = 200 // characters of a title that can be changed here; the dialog carries it
	longestID    = 255 // of a block

	// fieldReader begins the ids of the fields for readers. The reader's mode and address
	// follow.
	fieldReader = "reader|"
)

// ShowSettings opens the dialog with the settings of a conversation; see chat.Setter.
func (d *Dialogs) ShowSettings(ctx context.Context, to chat.UserID, via string, s chat.Settings) error {
	d.open(ctx, asking{user: string(to), trigger: via}, d.settingsDialog(s))
	return nil
}

func (d *Dialogs) settingsDialog(s chat.Settings) slack.ModalViewRequest {
	n := noted{Channel: string(s.Place.Room), Thread: string(s.Place.Thread), Mode: s.Mode}
	var all []slack.Block
	if len([]rune(s.Title)) <= longestTitle {
		n.Title = s.Title
		title := input(fieldTitle, "Title", "A new title changes the subject of the emails.", "Lunch", true)
		title.Element.(*slack.PlainTextInputBlockElement).InitialValue = s.Title
		all = append(all, title)
	}
	all = append(all, chosen(choose(fieldMode, "Email participants",
		[2]string{"open", "See each other's addresses"}, [2]string{"hidden", "Each get a separate email"}), s.Mode))
	var modes []*slack.OptionBlockObject
	for _, m := range s.Modes {
		modes = append(modes, slack.NewOptionBlockObject(m.Command, blocks.Plain(m.Label, 75), nil))
	}
	left := 0
	for i, r := range s.Readers {
		field := fieldReader + r.Mode + "|" + r.Address
		now := slices.IndexFunc(modes, func(o *slack.OptionBlockObject) bool { return o.Value == r.Mode })
		if i-left >= shownReaders || len(field) > longestID || now < 0 {
			left++
			continue
		}
		pick := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, blocks.Plain("When to send email", 150), field, modes...).WithInitialOption(modes[now])
		all = append(all, slack.NewInputBlock(field, blocks.Plain(r.Name+" <"+r.Address+">", 2000), nil, pick))
	}
	if left > 0 {
		all = append(all, blocks.Section(fmt.Sprintf("… and %d more. Use `%s digest ADDRESS MODE` in the channel to change when they get email.", left, d.command)))
	}
	return modal(modalSettings, "Settings", "Save", n.text(), all...)
}

// chosen selects the option with this value.
func chosen(b *slack.InputBlock, value string) *slack.InputBlock {
	radio := b.Element.(*slack.RadioButtonsBlockElement)
	for _, o := range radio.Options {
		if o.Value == value {
			radio.InitialOption = o
		}
	}
	return b
}

// changed reads the submitted settings dialog: a command for each change, and the
// Home anew.
func (d *Dialogs) changed(ctx context.Context, in slack.InteractionCallback, was noted, f filled) (out Outcome) {
	ask := asking{channel: was.Channel, thread: was.Thread, user: in.User.ID, home: home(in), response: send.ViaPerson(in.User.ID)}
	for _, text := range changes(was, f) {
		ev := d.commanded(ctx, ask, text)
		ev.Event = chat.EventID("view/" + in.View.ID + "/" + in.View.Hash + "/" + text)
		out.Events = append(out.Events, ev)
	}
	if len(out.Events) > 0 {
		out.Events = append(out.Events, d.refreshed(ctx, ask))
	}
	return out
}

// changes returns the commands for what was changed in the dialog.
func changes(was noted, f filled) (all []string) {
	if title := f.text(fieldTitle); title != "" && title != was.Title {
		all = append(all, "name "+title)
	}
	if mode := f.choice(fieldMode); mode != "" && mode != was.Mode {
		all = append(all, "mode "+mode)
	}
	people := map[string][]string{} // by the mode that they are to have
	for field := range f {
		before, address, _ := strings.Cut(strings.TrimPrefix(field, fieldReader), "|")
		mode := f.choice(field)
		if strings.HasPrefix(field, fieldReader) && mode != "" && mode != before {
			people[mode] = append(people[mode], address)
		}
	}
	for _, mode := range slices.Sorted(maps.Keys(people)) {
		all = append(all, "digest "+strings.Join(slices.Sorted(slices.Values(people[mode])), " ")+" "+mode)
	}
	return all
}
