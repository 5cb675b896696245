-- v9 -> v10: polls and invitations

CREATE TABLE poll (
	message   BIGINT  NOT NULL PRIMARY KEY REFERENCES message (id),
	room      BIGINT  NOT NULL REFERENCES room (id), -- in which it stands as a poll
	question  TEXT    NOT NULL,
	answers   TEXT    NOT NULL, -- JSON, in order
	most      BIGINT  NOT NULL,
	disclosed BOOLEAN NOT NULL,
	form      TEXT    NOT NULL,
	ended     BIGINT  NOT NULL DEFAULT 0 -- 0: it is open
);

CREATE TABLE vote (
	poll    BIGINT NOT NULL REFERENCES poll (message),
	who     TEXT   NOT NULL, -- as in reaction
	name    TEXT   NOT NULL,
	answers TEXT   NOT NULL, -- JSON; an empty list: none any more
	words   BOOLEAN NOT NULL, -- the room of the poll does not count it: it was told there in words
	posted  TEXT   NOT NULL DEFAULT '', -- as in reaction
	at      BIGINT NOT NULL,
	PRIMARY KEY (poll, who)
);
CREATE INDEX vote_posted ON vote (posted) WHERE posted <> '';
