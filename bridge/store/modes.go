package store

// The modes of a participant: when they get email.
const (
	Instant  = "instant"  // at once, without a hold
	Burst    = "burst"    // when the hold ends
	Quarter  = "quarter"  // one email every 15 minutes
	Hourly   = "hourly"   // one email an hour
	Daily    = "daily"    // one email a day at a set time
	Mentions = "mentions" // only mentions and replies
	Paused   = "paused"   // no emails, not even later
)

// InDigests reports whether the participant gets digests.
func (p Participant) InDigests() bool {
	return p.Mode == Quarter || p.Mode == Hourly || p.Mode == Daily
}

// AddMention stores that a message mentions a participant.
func (t *Tx) AddMention(message, participant int64) error {
	return t.exec("INSERT INTO mention (message, participant) VALUES (?, ?) ON CONFLICT DO NOTHING", message, participant)
}

// MentionedIn returns the participants whom a message mentions.
func (t *Tx) MentionedIn(message int64) (IDs, error) {
	return scanAll(t, scanID, "SELECT participant FROM mention WHERE message = ? ORDER BY participant", message)
}

// MailedTo returns the participants to whom a message was emailed.
func (t *Tx) MailedTo(message int64) (IDs, error) {
	return scanAll(t, scanID, "SELECT DISTINCT participant FROM mail_message JOIN recipient ON recipient.mail = mail_message.mail WHERE message = ? ORDER BY participant", message)
}

// Waiting is a message in a participant's next digest.
type Waiting struct {
	Participant int64
	Message     int64
	Was         string // the text that the participant has; empty: a new message
}

// AddWaiting adds a message to a participant's next digest. A message that waits already does
// not change.
func (t *Tx) AddWaiting(d Waiting) error {
	return t.exec("INSERT INTO waiting (participant, message, was) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", d.Participant, d.Message, d.Was)
}

// WaitingFor returns the next digest of a participant, in the order of the messages.
func (t *Tx) WaitingFor(participant int64) ([]Waiting, error) {
	return scanAll(t, func(scan func(...any) error) (d Waiting, err error) {
		return d, scan(&d.Participant, &d.Message, &d.Was)
	}, "SELECT participant, message, was FROM waiting WHERE participant = ? ORDER BY message", participant)
}

// ForgetWaiting empties a participant's next digest.
func (t *Tx) ForgetWaiting(participant int64) error {
	return t.exec("DELETE FROM waiting WHERE participant = ?", participant)
}

// AddWaitingReaction adds a reaction to a participant's next digest.
func (t *Tx) AddWaitingReaction(participant, reaction int64) error {
	return t.exec("INSERT INTO waiting_reaction (participant, reaction) VALUES (?, ?) ON CONFLICT DO NOTHING", participant, reaction)
}

// ReactionsFor returns the reactions for a participant's next digest: those that wait for it,
// and those of the thread that nobody was told of.
func (t *Tx) ReactionsFor(thread, participant int64) ([]Reaction, error) {
	return scanAll(t, scanReaction, "SELECT "+reactionColumns+` FROM reaction JOIN message ON message.id = message
		WHERE reaction.id IN (SELECT reaction FROM waiting_reaction WHERE participant = ?) OR (NOT told AND thread = ?) ORDER BY reaction.id`, participant, thread)
}

// ForgetWaitingReactions removes the reactions from a participant's next digest.
func (t *Tx) ForgetWaitingReactions(participant int64) error {
	return t.exec("DELETE FROM waiting_reaction WHERE participant = ?", participant)
}

// SetReactionSkip stores who knows of a reaction.
func (t *Tx) SetReactionSkip(r Reaction) error {
	return t.exec("UPDATE reaction SET skip = ? WHERE id = ?", r.Skip.encode(), r.ID)
}

// ReactionsOf returns the reactions of a person to a message.
func (t *Tx) ReactionsOf(message int64, who string) ([]Reaction, error) {
	return scanAll(t, scanReaction, "SELECT "+reactionColumns+" FROM reaction WHERE message = ? AND who = ? ORDER BY id", message, who)
}
