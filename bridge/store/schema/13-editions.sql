-- v12 -> v13: edits that can be taken back one by one, accounts behind other names,
-- topics and sizes of rooms

-- What a message says by each of its edits, where the network has them as things of
-- their own. The one with an empty posted is the message as it was first.
CREATE TABLE edition (
	message BIGINT NOT NULL REFERENCES message (id),
	posted  TEXT   NOT NULL, -- network, zero byte, id; as in reaction
	at      BIGINT NOT NULL,
	body    TEXT   NOT NULL,
	html    TEXT   NOT NULL,
	PRIMARY KEY (message, posted)
);
CREATE INDEX edition_posted ON edition (posted) WHERE posted <> '';

ALTER TABLE message ADD COLUMN account TEXT NOT NULL DEFAULT ''; -- whose account wrote it, where name is another one

ALTER TABLE room ADD COLUMN topic   TEXT   NOT NULL DEFAULT '';
ALTER TABLE room ADD COLUMN members BIGINT NOT NULL DEFAULT 0; -- people, as last asked for; 0: not known

CREATE INDEX participant_ghost ON participant (ghost);
