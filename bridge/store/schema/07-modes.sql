-- v6 -> v7: how each participant gets mail

ALTER TABLE participant ADD COLUMN mode TEXT NOT NULL DEFAULT 'burst'; -- instant, burst, quarter, hourly, daily, mentions, paused
ALTER TABLE participant ADD COLUMN dialect TEXT NOT NULL DEFAULT '';   -- which reactions their mail program knows: gmail, rfc9078; empty: not known

-- Who is addressed in a message.
CREATE TABLE mention (
	message     BIGINT NOT NULL REFERENCES message (id),
	participant BIGINT NOT NULL REFERENCES participant (id),
	PRIMARY KEY (message, participant)
);

-- What stands in a participant's next digest.
CREATE TABLE waiting (
	participant BIGINT NOT NULL REFERENCES participant (id),
	message     BIGINT NOT NULL REFERENCES message (id),
	was         TEXT   NOT NULL DEFAULT '', -- its text as this person has it; empty: it is new
	PRIMARY KEY (participant, message)
);
CREATE TABLE waiting_reaction (
	participant BIGINT NOT NULL REFERENCES participant (id),
	reaction    BIGINT NOT NULL REFERENCES reaction (id) ON DELETE CASCADE,
	PRIMARY KEY (participant, reaction)
);
CREATE INDEX waiting_reaction_reaction ON waiting_reaction (reaction);

ALTER TABLE reaction ADD COLUMN room BIGINT NOT NULL DEFAULT 0; -- where it was put; 0: by mail, or not known

-- Where a reaction stands that the bridge has put there: for somebody by email, or
-- for people of other rooms.
CREATE TABLE reaction_copy (
	reaction BIGINT NOT NULL REFERENCES reaction (id) ON DELETE CASCADE,
	room     BIGINT NOT NULL REFERENCES room (id),
	job      TEXT   NOT NULL, -- key of the delivery that puts it there
	posted   TEXT   NOT NULL DEFAULT '', -- the network's id of the reaction; empty: it is not there yet, or has none
	PRIMARY KEY (reaction, room)
);
CREATE INDEX reaction_copy_job ON reaction_copy (job);

-- Who had a message as it was before its first edit; empty: everybody.
ALTER TABLE late_edit ADD COLUMN readers TEXT NOT NULL DEFAULT '';
