-- v1 -> v2: rooms shared with other organisations, when a room was linked, events of unknown types

ALTER TABLE room ADD COLUMN linked BIGINT NOT NULL DEFAULT 0; -- when it was linked; 0: not, or before this was noted
ALTER TABLE room ADD COLUMN shared TEXT NOT NULL DEFAULT '';  -- '', asked, agreed: people of another organisation are in it

CREATE TABLE unread (
	id      INTEGER PRIMARY KEY,
	network TEXT   NOT NULL,
	kind    TEXT   NOT NULL, -- the network's name for it
	at      BIGINT NOT NULL,
	raw     BLOB   NOT NULL
);
