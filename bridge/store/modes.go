package store

// The modes of a participant: when mail goes to that person.
const (
	Instant  = "instant"  // at once, without a hold
	Burst    = "burst"    // when the hold ends
	Quarter  = "quarter"  // what gathered in a quarter of an hour, as one mail
	Hourly   = "hourly"   // what gathered in an hour
	Daily    = "daily"    // what gathered in a day, at a set hour
	Mentions = "mentions" // only what mentions the person, or answers them
	Paused   = "paused"   // nothing, and nothing later
)

// InDigests reports whether what this person gets is gathered.
func (p Participant) InDigests() bool {
	return p.Mode == Quarter || p.Mode == Hourly || p.Mode == Daily
}

// AddMention notes that a participant is addressed in a message.
func (t *Tx) AddMention(message, participant int64) error {
	return t.exec("INSERT INTO mention (message, participant) VALUES (?, ?) ON CONFLICT DO NOTHING", message, participant)
}

// MentionedIn returns the participants who are addressed in a message.
func (t *Tx) MentionedIn(message int64) (IDs, error) {
	return scanAll(t, scanID, "SELECT participant FROM mention WHERE message = ? ORDER BY participant", message)
}

// MailedTo returns the participants for whom a mail with a message was made.
func (t *Tx) MailedTo(message int64) (IDs, error) {
	return scanAll(t, scanID, "SELECT DISTINCT participant FROM mail_message JOIN recipient ON recipient.mail = mail_message.mail WHERE message = ? ORDER BY participant", message)
}

// Waiting is what stands in a participant's next digest.
type Waiting struct {
	Participant int64
	Message     int64
	Was         string // the text as this person has it; empty: it is new
}

// AddWaiting lets a message wait for a participant's next digest. What waits already
// stays as it is: it is written when the digest is.
func (t *Tx) AddWaiting(d Waiting) error {
	return t.exec("INSERT INTO waiting (participant, message, was) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", d.Participant, d.Message, d.Was)
}

// WaitingFor returns what waits for a participant, in the order of the messages.
func (t *Tx) WaitingFor(participant int64) ([]Waiting, error) {
	return scanAll(t, func(scan func(...any) error) (d Waiting, err error) {
		return d, scan(&d.Participant, &d.Message, &d.Was)
	}, "SELECT participant, message, was FROM waiting WHERE participant = ? ORDER BY message", participant)
}

// ForgetWaiting empties a participant's next digest.
func (t *Tx) ForgetWaiting(participant int64) error {
	return t.exec("DELETE FROM waiting WHERE participant = ?", participant)
}

// AddWaitingReaction lets a reaction wait for a participant's next digest.
func (t *Tx) AddWaitingReaction(participant, reaction int64) error {
	return t.exec("INSERT INTO waiting_reaction (participant, reaction) VALUES (?, ?) ON CONFLICT DO NOTHING", participant, reaction)
}

// ReactionsFor returns the reactions that a participant's next digest may tell: those
// that wait for it, and those of the thread that nobody was told of yet.
func (t *Tx) ReactionsFor(thread, participant int64) ([]Reaction, error) {
	return scanAll(t, scanReaction, "SELECT "+reactionColumns+` FROM reaction JOIN message ON message.id = message
		WHERE reaction.id IN (SELECT reaction FROM waiting_reaction WHERE participant = ?) OR (NOT told AND thread = ?) ORDER BY reaction.id`, participant, thread)
}

// ForgetWaitingReactions forgets which reactions wait for a participant.
func (t *Tx) ForgetWaitingReactions(participant int64) error {
	return t.exec("DELETE FROM waiting_reaction WHERE participant = ?", participant)
}

// SetReactionSkip stores who knows of a reaction already.
func (t *Tx) SetReactionSkip(r Reaction) error {
	return t.exec("UPDATE reaction SET skip = ? WHERE id = ?", r.Skip.encode(), r.ID)
}

// ReactionsOf returns what somebody has reacted with to a message.
func (t *Tx) ReactionsOf(message int64, who string) ([]Reaction, error) {
	return scanAll(t, scanReaction, "SELECT "+reactionColumns+" FROM reaction WHERE message = ? AND who = ? ORDER BY id", message, who)
}
