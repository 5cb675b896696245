package chat

import "context"

// SettingsAsked says that a person (By) wants to see the settings of the conversation in
// Place, to change them. Via is given back to Setter.
type SettingsAsked struct {
	Head
	Rank Rank
	Via  string
}

// Settings are what a person may change of a conversation by a form. Modes are when a
// reader may get mail: Command is the word for it, in Reader.Mode and in the command.
type Settings struct {
	Place   Place
	Title   string
	Mode    string // open or hidden, as in the command "mode"
	Readers []Reader
	Modes   []Choice
}

// Reader is somebody who takes part by email, and when they get mail.
type Reader struct {
	Name    string
	Address string
	Mode    string // one of Settings.Modes
}

// Setter shows a person the settings of a conversation. What the person changes comes
// back as Commands: "name TITLE", "mode open", "digest ADDRESS… MODE". via is that of
// SettingsAsked, and of use for a few seconds alone: what comes later is not an error, but
// the person is told.
type Setter interface {
	ShowSettings(ctx context.Context, to UserID, via string, s Settings) error
}
