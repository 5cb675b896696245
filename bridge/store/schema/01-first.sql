-- v0 -> v1: threads, rooms, people, messages, mails, outbox

CREATE TABLE mailbox (
	id      INTEGER PRIMARY KEY,
	name    TEXT NOT NULL UNIQUE,
	address TEXT NOT NULL
);

CREATE TABLE thread (
	id         INTEGER PRIMARY KEY,
	mailbox    BIGINT  NOT NULL REFERENCES mailbox (id),
	mode       TEXT    NOT NULL, -- open, hidden
	title      TEXT    NOT NULL,
	token      TEXT    NOT NULL, -- reply token of an open thread
	paused     BOOLEAN NOT NULL DEFAULT false,
	ended      BOOLEAN NOT NULL DEFAULT false,
	created    BIGINT  NOT NULL,
	live       BIGINT  NOT NULL DEFAULT 0, -- when the last answer by mail came
	hold_first BIGINT  NOT NULL DEFAULT 0, -- when the oldest held message came; 0: nothing is held
	hold_until BIGINT  NOT NULL DEFAULT 0
);
CREATE INDEX thread_hold ON thread (hold_until) WHERE hold_first > 0;

CREATE TABLE epoch (
	id      INTEGER PRIMARY KEY,
	thread  BIGINT NOT NULL REFERENCES thread (id),
	name    TEXT   NOT NULL UNIQUE, -- EPOCH in the Message-IDs
	subject TEXT   NOT NULL,
	anchor  TEXT   NOT NULL,
	guid    BLOB   NOT NULL,        -- GUID part of Thread-Index
	started BIGINT NOT NULL
);
CREATE INDEX epoch_thread ON epoch (thread, id);
CREATE INDEX epoch_guid ON epoch (guid);

CREATE TABLE room (
	id      INTEGER PRIMARY KEY,
	network TEXT    NOT NULL,
	place   TEXT    NOT NULL,
	chat    TEXT    NOT NULL, -- chat thread inside the room; empty: the room itself
	thread  BIGINT  REFERENCES thread (id),
	name    TEXT    NOT NULL DEFAULT '',
	private BOOLEAN NOT NULL DEFAULT false,
	gone    BOOLEAN NOT NULL DEFAULT false,
	UNIQUE (network, place, chat)
);
CREATE INDEX room_thread ON room (thread);

CREATE TABLE participant (
	id       INTEGER PRIMARY KEY,
	thread   BIGINT NOT NULL REFERENCES thread (id),
	address  TEXT   NOT NULL,
	canon    TEXT   NOT NULL,
	name     TEXT   NOT NULL,
	ghost    TEXT   NOT NULL, -- opaque id towards chat networks
	token    TEXT   NOT NULL, -- reply token in a hidden thread
	state    TEXT   NOT NULL, -- invited, active, left, removed
	joined   BIGINT NOT NULL,
	changed  BIGINT NOT NULL,
	muted    BIGINT NOT NULL DEFAULT 0, -- until when; 0: not
	mailed   BIGINT NOT NULL DEFAULT 0, -- when the last mail was made for this person; 0: never
	bounces  BIGINT NOT NULL DEFAULT 0, -- hard bounces in a row
	UNIQUE (thread, canon)
);
CREATE INDEX participant_canon ON participant (canon);

CREATE TABLE token (
	token       TEXT PRIMARY KEY,
	thread      BIGINT NOT NULL REFERENCES thread (id),
	participant BIGINT REFERENCES participant (id)
);

CREATE TABLE author (
	id      INTEGER PRIMARY KEY,
	network TEXT NOT NULL,
	person  TEXT NOT NULL,
	name    TEXT NOT NULL,
	UNIQUE (network, person)
);

CREATE TABLE message (
	id          INTEGER PRIMARY KEY,
	thread      BIGINT  NOT NULL REFERENCES thread (id),
	origin      TEXT    NOT NULL, -- chat, mail, owner
	author      BIGINT  REFERENCES author (id),
	participant BIGINT  REFERENCES participant (id),
	name        TEXT    NOT NULL,
	kind        BIGINT  NOT NULL,
	body        TEXT    NOT NULL,
	html        TEXT    NOT NULL,
	files       TEXT    NOT NULL DEFAULT '',
	reply_to    BIGINT  REFERENCES message (id),
	state       TEXT    NOT NULL, -- held, mailed, inside, deleted
	at          BIGINT  NOT NULL,
	skip        TEXT    NOT NULL DEFAULT '' -- participants who have it already or must not get it, as ",1,2,"
);
CREATE INDEX message_thread ON message (thread, id);
CREATE INDEX message_held ON message (thread, id) WHERE state = 'held';

CREATE TABLE copy (
	message BIGINT NOT NULL REFERENCES message (id),
	room    BIGINT NOT NULL REFERENCES room (id),
	part    BIGINT NOT NULL,
	posted  TEXT   NOT NULL, -- the network's id of the message; empty while it is on its way
	chat    TEXT   NOT NULL DEFAULT '', -- the chat thread in which it stands there; empty: none
	PRIMARY KEY (message, room, part)
);
CREATE INDEX copy_posted ON copy (posted, room) WHERE posted <> '';
CREATE INDEX copy_room ON copy (room, message);

CREATE TABLE mail (
	id         INTEGER PRIMARY KEY,
	thread     BIGINT NOT NULL REFERENCES thread (id),
	epoch      BIGINT REFERENCES epoch (id),
	uniq       TEXT   NOT NULL,  -- UNIQ in its Message-ID; empty for mail that came in
	message_id TEXT   NOT NULL,  -- as we know it best
	out        BOOLEAN NOT NULL,
	at         BIGINT NOT NULL
);
CREATE UNIQUE INDEX mail_uniq ON mail (uniq) WHERE uniq <> '';
CREATE INDEX mail_thread ON mail (thread, id);

CREATE TABLE mail_message (
	mail      BIGINT NOT NULL REFERENCES mail (id),
	message   BIGINT NOT NULL REFERENCES message (id),
	paragraph BIGINT NOT NULL,
	PRIMARY KEY (mail, message)
);
CREATE INDEX mail_message_message ON mail_message (message);

CREATE TABLE recipient (
	mail        BIGINT NOT NULL REFERENCES mail (id),
	participant BIGINT NOT NULL REFERENCES participant (id),
	state       TEXT   NOT NULL, -- queued, accepted, delayed, delivered, failed
	reason      TEXT   NOT NULL DEFAULT '',
	PRIMARY KEY (mail, participant)
);
CREATE INDEX recipient_participant ON recipient (participant);

CREATE TABLE mail_id (
	hash BLOB   NOT NULL PRIMARY KEY, -- first 16 bytes of SHA-256 of the Message-ID
	mail BIGINT NOT NULL REFERENCES mail (id),
	kind TEXT   NOT NULL,             -- sent, final, learned, original, received
	id   TEXT   NOT NULL
);
CREATE INDEX mail_id_mail ON mail_id (mail);

CREATE TABLE seen (
	hash BLOB   NOT NULL PRIMARY KEY, -- first 16 bytes of SHA-256 of connector and event
	at   BIGINT NOT NULL
);
CREATE INDEX seen_at ON seen (at);

CREATE TABLE outbox (
	id      INTEGER PRIMARY KEY,
	kind    TEXT   NOT NULL,
	lane    TEXT   NOT NULL,
	uniq    TEXT   NOT NULL UNIQUE,
	phase   TEXT   NOT NULL DEFAULT 'new', -- new, dot, unclear
	started BIGINT NOT NULL DEFAULT 0,     -- when the phase was entered
	attempt BIGINT NOT NULL DEFAULT 0,
	due     BIGINT NOT NULL,
	created BIGINT NOT NULL,
	error   TEXT   NOT NULL DEFAULT '',
	data    TEXT   NOT NULL, -- JSON of what is to be done
	raw     BLOB             -- the finished mail
);
CREATE INDEX outbox_lane ON outbox (lane, id);

CREATE TABLE quarantine (
	id      INTEGER PRIMARY KEY,
	mailbox BIGINT NOT NULL REFERENCES mailbox (id),
	thread  BIGINT REFERENCES thread (id), -- where it seems to belong; null: nowhere
	sender  TEXT   NOT NULL,
	name    TEXT   NOT NULL,
	subject TEXT   NOT NULL,
	reason  TEXT   NOT NULL,
	place   BIGINT NOT NULL,
	file    TEXT   NOT NULL, -- name of the mail in the folder of held mail
	at      BIGINT NOT NULL,
	state   TEXT   NOT NULL -- held, approved, denied
);
CREATE INDEX quarantine_held ON quarantine (id) WHERE state = 'held';

CREATE TABLE cursor (
	connector TEXT NOT NULL,
	folder    TEXT NOT NULL,
	value     TEXT NOT NULL,
	PRIMARY KEY (connector, folder)
);

CREATE TABLE sender (
	canon TEXT NOT NULL PRIMARY KEY,
	trust TEXT NOT NULL, -- approved, blocked
	at    BIGINT NOT NULL
);

CREATE TABLE setting (
	name  TEXT NOT NULL PRIMARY KEY,
	value TEXT NOT NULL
);
CREATE INDEX copy_chat ON copy (room, chat, message) WHERE chat <> '';
