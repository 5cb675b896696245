-- v3 -> v4: reactions to messages

CREATE TABLE reaction (
	id          INTEGER PRIMARY KEY,
	message     BIGINT NOT NULL REFERENCES message (id),
	who         TEXT   NOT NULL, -- network and person; of somebody by email the participant
	name        TEXT   NOT NULL,
	participant BIGINT REFERENCES participant (id), -- null: from a room
	emoji       TEXT   NOT NULL,
	posted      TEXT   NOT NULL DEFAULT '', -- the network's id of the reaction, with the network in front; empty: it has none
	skip        TEXT   NOT NULL DEFAULT '', -- as in message
	told        BOOLEAN NOT NULL DEFAULT false, -- it stood in a mail
	UNIQUE (message, who, emoji)
);
CREATE INDEX reaction_untold ON reaction (message) WHERE NOT told;
CREATE INDEX reaction_posted ON reaction (posted) WHERE posted <> '';
