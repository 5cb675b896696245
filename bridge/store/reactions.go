package store

// Reaction is an emoji that somebody put on a message.
type Reaction struct {
	ID          int64
	Message     int64
	Who         string // identifies the person
	Name        string
	Participant int64 // 0: from a room
	Room        int64 // the room; 0: by email, or unknown
	Emoji       string
	Posted      string // the network's id of the reaction, with the network in front; empty: it has none
	Skip        IDs    // participants who know it
}

const reactionColumns = "reaction.id, message, who, reaction.name, coalesce(reaction.participant, 0), reaction.room, emoji, posted, reaction.skip"

func scanReaction(scan func(...any) error) (r Reaction, err error) {
	var skip string
	err = scan(&r.ID, &r.Message, &r.Who, &r.Name, &r.Participant, &r.Room, &r.Emoji, &r.Posted, &skip)
	r.Skip = parseIDs(skip)
	return r, err
}

// AddReaction stores a new reaction. The same one again changes nothing.
func (t *Tx) AddReaction(r Reaction) error {
	return t.exec(`INSERT INTO reaction (message, who, name, participant, room, emoji, posted, skip) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		r.Message, r.Who, r.Name, orNull(r.Participant), r.Room, r.Emoji, r.Posted, r.Skip.encode())
}

// DropReaction removes a reaction.
func (t *Tx) DropReaction(message int64, who, emoji string) error {
	return t.exec("DELETE FROM reaction WHERE message = ? AND who = ? AND emoji = ?", message, who, emoji)
}

// ReactionByID finds a reaction by its network id.
func (t *Tx) ReactionByID(posted string) (Reaction, error) {
	return scanOne(t, scanReaction, "SELECT "+reactionColumns+" FROM reaction WHERE posted = ? AND posted <> ''", posted)
}

// SameReactions returns the reactions with one emoji to a message from rooms, in order.
func (t *Tx) SameReactions(message int64, emoji string) ([]Reaction, error) {
	return scanAll(t, scanReaction, "SELECT "+reactionColumns+" FROM reaction WHERE message = ? AND emoji = ? AND reaction.room <> 0 ORDER BY id", message, emoji)
}

// ReactionsTo returns the reactions to a message from rooms, in order.
func (t *Tx) ReactionsTo(message int64) ([]Reaction, error) {
	return scanAll(t, scanReaction, "SELECT "+reactionColumns+" FROM reaction WHERE message = ? AND reaction.room <> 0 ORDER BY id", message)
}

// ReactionCopy is a reaction that the bridge made in a room.
type ReactionCopy struct {
	Reaction, Room int64
	Job            string // key of its delivery
	Posted         string // the network's id of the reaction; empty: it is not there yet, or has none
}

const reactionCopyColumns = "reaction, reaction_copy.room, job, reaction_copy.posted"

func scanReactionCopy(scan func(...any) error) (c ReactionCopy, err error) {
	return c, scan(&c.Reaction, &c.Room, &c.Job, &c.Posted)
}

// AddReactionCopy stores a copy of a reaction.
func (t *Tx) AddReactionCopy(c ReactionCopy) error {
	return t.exec(`INSERT INTO reaction_copy (reaction, room, job, posted) VALUES (?, ?, ?, ?)
		ON CONFLICT (reaction, room) DO UPDATE SET job = excluded.job, posted = excluded.posted`, c.Reaction, c.Room, c.Job, c.Posted)
}

// ReactionCopies returns the copies of a reaction.
func (t *Tx) ReactionCopies(reaction int64) ([]ReactionCopy, error) {
	return scanAll(t, scanReactionCopy, "SELECT "+reactionCopyColumns+" FROM reaction_copy WHERE reaction = ? ORDER BY reaction_copy.room", reaction)
}

// ReactionCopyByJob returns the copy with a delivery key.
func (t *Tx) ReactionCopyByJob(job string) (ReactionCopy, error) {
	return scanOne(t, scanReactionCopy, "SELECT "+reactionCopyColumns+" FROM reaction_copy WHERE job = ?", job)
}

// ReactionCopyIn returns the copy with an emoji on a message in a room.
func (t *Tx) ReactionCopyIn(room, message int64, emoji string) (ReactionCopy, error) {
	return scanOne(t, scanReactionCopy, "SELECT "+reactionCopyColumns+` FROM reaction_copy JOIN reaction ON reaction.id = reaction
		WHERE reaction_copy.room = ? AND message = ? AND emoji = ? ORDER BY reaction LIMIT 1`, room, message, emoji)
}

// ReactionCopyComing returns the copy of a person's reaction with an emoji that is still to be
// delivered to a room.
func (t *Tx) ReactionCopyComing(room, message int64, emoji, who string) (ReactionCopy, error) {
	return scanOne(t, scanReactionCopy, "SELECT "+reactionCopyColumns+` FROM reaction_copy JOIN reaction ON reaction.id = reaction
		WHERE reaction_copy.room = ? AND message = ? AND emoji = ? AND who = ? AND reaction_copy.posted = '' LIMIT 1`, room, message, emoji, who)
}

// DropReactionCopy removes the copy with a delivery key.
func (t *Tx) DropReactionCopy(job string) error {
	return t.exec("DELETE FROM reaction_copy WHERE job = ?", job)
}

// MoveReactionCopy assigns a copy to another reaction.
func (t *Tx) MoveReactionCopy(c ReactionCopy, to int64) error {
	return t.exec("UPDATE reaction_copy SET reaction = ? WHERE reaction = ? AND room = ?", to, c.Reaction, c.Room)
}

// UntoldReactions returns the reactions to messages of a thread that were in no email yet, in
// order.
func (t *Tx) UntoldReactions(thread int64) ([]Reaction, error) {
	return scanAll(t, scanReaction, "SELECT "+reactionColumns+" FROM reaction JOIN message ON message.id = message WHERE NOT told AND thread = ? ORDER BY reaction.id", thread)
}

// SetReactionTold stores that a reaction was in an email.
func (t *Tx) SetReactionTold(id int64) error {
	return t.exec("UPDATE reaction SET told = true WHERE id = ?", id)
}
