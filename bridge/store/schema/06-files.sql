-- v5 -> v6: files of messages

CREATE TABLE file (
	id       INTEGER PRIMARY KEY,
	message  BIGINT NOT NULL REFERENCES message (id),
	network  TEXT   NOT NULL,            -- where it can be had; empty: it came by mail
	ref      TEXT   NOT NULL,            -- the network's id of it
	name     TEXT   NOT NULL,
	kind     TEXT   NOT NULL,            -- media type; by its content as soon as that is here
	sort     BIGINT NOT NULL,            -- chat.FileSort
	size     BIGINT NOT NULL,            -- bytes; 0: not known
	duration BIGINT NOT NULL DEFAULT 0,  -- milliseconds; 0: not known
	width    BIGINT NOT NULL DEFAULT 0,  -- pixels; 0: not known
	height   BIGINT NOT NULL DEFAULT 0,
	state    TEXT   NOT NULL,            -- wanted, here, missing, dropped
	reason   TEXT   NOT NULL DEFAULT '', -- why it is missing, for people
	blob     TEXT   NOT NULL DEFAULT '', -- its content, by name in the folder of files
	preview  TEXT   NOT NULL DEFAULT '', -- a smaller picture of it, in the same way
	preview_kind  TEXT   NOT NULL DEFAULT '',
	preview_size  BIGINT NOT NULL DEFAULT 0,
	preview_width BIGINT NOT NULL DEFAULT 0,
	sender   TEXT   NOT NULL DEFAULT '', -- canonical address of who mailed it
	at       BIGINT NOT NULL
);
ALTER TABLE copy ADD COLUMN captions BOOLEAN NOT NULL DEFAULT false; -- the text is the caption of a file

CREATE INDEX file_message ON file (message, id);
CREATE INDEX file_blob ON file (blob, sender) WHERE blob <> '';
CREATE INDEX file_preview ON file (preview) WHERE preview <> '';
CREATE INDEX file_here ON file (at) WHERE state = 'here';
