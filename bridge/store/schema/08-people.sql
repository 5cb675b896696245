-- v7 -> v8: people offered and left out

CREATE TABLE left_out (
	message     BIGINT NOT NULL REFERENCES message (id),
	participant BIGINT NOT NULL REFERENCES participant (id), -- must not get it, unless somebody says so
	PRIMARY KEY (message, participant)
);

CREATE TABLE offered (
	thread BIGINT NOT NULL REFERENCES thread (id),
	canon  TEXT   NOT NULL, -- the address of somebody about whom a room was asked
	PRIMARY KEY (thread, canon)
);

CREATE TABLE alias (
	canon     TEXT    NOT NULL PRIMARY KEY,   -- another address of a person
	known     TEXT    NOT NULL,               -- the one under which they take part, as it is compared
	held      BIGINT  NOT NULL,               -- the held mail that gave rise to the question
	confirmed BOOLEAN NOT NULL DEFAULT false  -- from the known address
);
