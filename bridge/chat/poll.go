package chat

import "context"

// Poll is a question with answers to choose from.
type Poll struct {
	Question  string
	Answers   []PollAnswer
	Most      int    // how many answers one person may choose; at least 1
	Disclosed bool   // everybody may see the votes before the poll ends
	Form      string // how the network writes the poll; given back in Ballot.Form
}

// PollAnswer is one of the answers of a Poll.
type PollAnswer struct {
	ID   string // unique in its poll
	Text string
}

// The events of a poll. It begins with a Posted that has one.
type (
	// Voted is what a person (By) chooses. The last vote of a person counts; one
	// without answers that the poll has takes it back.
	Voted struct {
		Head
		Poll    MessageID
		Vote    MessageID // the vote itself, where the network has an id for it
		Answers []string  // ids
	}
	// PollEnded ends a poll. Message is the one that says so.
	PollEnded struct {
		Head
		Poll      MessageID
		Message   MessageID
		Moderates bool // the person may take away what others have said, and so end their polls
	}
)

// Ballot is a vote to be cast.
type Ballot struct {
	Poll    MessageID
	Form    string // of the Poll
	Answers []string
}

// Voter casts the vote of Outgoing.As in a poll of the network. Key, Place and As
// of m are used. It is asked only where Limits.OwnReactions is set.
type Voter interface {
	Vote(ctx context.Context, b Ballot, m Outgoing) (MessageID, error)
}
