package store

// Reaction is an emoji that somebody put on a message.
type Reaction struct {
	ID          int64
	Message     int64
	Who         string // tells people apart
	Name        string
	Participant int64 // 0: from a room
	Emoji       string
	Posted      string // the network's id of the reaction, with the network in front; empty: it has none
	Skip        IDs    // participants who know it already
}

const reactionColumns = "reaction.id, message, who, reaction.name, coalesce(reaction.participant, 0), emoji, posted, reaction.skip"

func scanReaction(scan func(...any) error) (r Reaction, err error) {
	var skip string
	err = scan(&r.ID, &r.Message, &r.Who, &r.Name, &r.Participant, &r.Emoji, &r.Posted, &skip)
	r.Skip = parseIDs(skip)
	return r, err
}

// AddReaction stores a reaction that nobody by email has been told of; the same one
// again changes nothing.
func (t *Tx) AddReaction(r Reaction) error {
	return t.exec(`INSERT INTO reaction (message, who, name, participant, emoji, posted, skip) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		r.Message, r.Who, r.Name, orNull(r.Participant), r.Emoji, r.Posted, r.Skip.encode())
}

// DropReaction forgets a reaction that was taken back.
func (t *Tx) DropReaction(message int64, who, emoji string) error {
	return t.exec("DELETE FROM reaction WHERE message = ? AND who = ? AND emoji = ?", message, who, emoji)
}

// DropReactionByID forgets the reaction that has this id in its network, and
// reports whether there was one.
func (t *Tx) DropReactionByID(posted string) (bool, error) {
	return t.changed("DELETE FROM reaction WHERE posted = ?", posted)
}

// UntoldReactions returns those to messages of a thread that stood in no mail yet,
// in the order in which they came.
func (t *Tx) UntoldReactions(thread int64) ([]Reaction, error) {
	return scanAll(t, scanReaction, "SELECT "+reactionColumns+" FROM reaction JOIN message ON message.id = message WHERE NOT told AND thread = ? ORDER BY reaction.id", thread)
}

// SetReactionTold notes that a reaction stood in a mail.
func (t *Tx) SetReactionTold(id int64) error {
	return t.exec("UPDATE reaction SET told = true WHERE id = ?", id)
}
