package chattest

import (
	"testing"

	"hashsend/bridge/chat"
)

// Partial is a Fixture on a server that cannot do all that the connector can.
type Partial interface {
	Fixture
	// Untried returns why an ability cannot be tried here, by its name; empty: it can.
	Untried(ability string) (why string)
}

// The sides of a fixture: what the person, and the room, must be able to do where the
// connector has an ability.
type (
	// Files is for Opener and Filer.
	Files interface {
		Fixture
		// SayFile posts a file as the person.
		SayFile(t *testing.T, name string, data []byte) chat.MessageID
		// ReadFile opens the file of a message as the person does.
		ReadFile(t *testing.T, id chat.MessageID) (name string, data []byte)
	}
	// Reactions is for Reactor and Unreactor.
	Reactions interface {
		Fixture
		// Reactions returns the emoji that the person sees at a message, one for each
		// reaction.
		Reactions(t *testing.T, id chat.MessageID) []string
	}
	// States is for Reporter.
	States interface {
		Fixture
		// States returns what the person sees of the state of a message: one entry for
		// each sign.
		States(t *testing.T, id chat.MessageID) []string
	}
	// Removes is for Fetcher.
	Removes interface {
		Fixture
		// Remove deletes a message as the person.
		Remove(t *testing.T, id chat.MessageID)
	}
	// Seals is for Unsealer.
	Seals interface {
		Fixture
		// Seal posts a message as the person, encrypted with a key that never comes.
		Seal(t *testing.T)
	}
	// Describes is for Describer.
	Describes interface {
		Fixture
		// Description is what the room is.
		Description(t *testing.T) chat.Description
	}
	// Rooms is for Creator.
	Rooms interface {
		Fixture
		// Person is the person's id.
		Person() chat.UserID
		// Room returns the name of a room as the person sees it who is in it, or is
		// invited; false: the person knows nothing of the room.
		Room(t *testing.T, room chat.RoomID) (name string, known bool)
	}
	// Threads is for Threader.
	Threads interface {
		Fixture
		// SayUnder posts in the chat thread under a message, as the person.
		SayUnder(t *testing.T, root chat.MessageID, text string) chat.MessageID
		// ReadUnder returns what the person sees in the chat thread under a message,
		// oldest first, without that message.
		ReadUnder(t *testing.T, root chat.MessageID) []Line
	}
	// Invites is for Joiner and Follower.
	Invites interface {
		Fixture
		// Invite makes another room and asks the bridge in, or, where networks do not
		// ask, one that the bridge may enter.
		Invite(t *testing.T) chat.RoomID
		// Inside reports whether the bridge is in a room.
		Inside(t *testing.T, room chat.RoomID) bool
	}
	// Moves is for Follower.
	Moves interface {
		Invites
		// Move has the room go on as another one, into which the bridge is let.
		Move(t *testing.T) (to chat.RoomID, by chat.Author)
	}
	// Signs is for Announcer.
	Signs interface {
		Fixture
		// Signs returns the standing signs that the room shows.
		Signs(t *testing.T) []string
	}
	// Commands is for Prompter.
	Commands interface {
		Fixture
		// Command types a command as the person does: prompt, and text behind it.
		Command(t *testing.T, prompt, text string)
	}
	// Desks is for Pager.
	Desks interface {
		Fixture
		// OpenDesk opens the page of the bridge as the person.
		OpenDesk(t *testing.T)
		// Desk returns all texts on the page that the person sees.
		Desk(t *testing.T) string
	}
	// Forms is for Setter.
	Forms interface {
		Fixture
		// AskSettings asks for the settings of the conversation as the person.
		AskSettings(t *testing.T)
		// Form returns all texts in the form that the person sees; empty: there is none.
		Form(t *testing.T) string
	}
	// Breaks is for Troubled.
	Breaks interface {
		Fixture
		// Break makes the server unreachable, Mend reachable again with all that was there.
		Break(t *testing.T)
		Mend(t *testing.T)
	}
	// Polls is for Voter.
	Polls interface {
		Fixture
		// SayPoll posts a poll as the person.
		SayPoll(t *testing.T, question string, answers ...string) chat.MessageID
		// Votes returns the answers that are chosen in a poll, one for each voter.
		Votes(t *testing.T, poll chat.MessageID) []string
	}
)

// side returns what the fixture can do for an ability. A fixture that is not able to is
// a mistake in the test, unless it says why.
func side[S any](t *testing.T, f Fixture, ability string) S {
	t.Helper()
	if p, is := f.(Partial); is {
		if why := p.Untried(ability); why != "" {
			t.Skip(why)
		}
	}
	s, is := f.(S)
	if !is {
		t.Fatalf("the connector has %s, so its fixture must be a %T: it is not tried", ability, *new(*S))
	}
	return s
}
