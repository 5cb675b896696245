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
