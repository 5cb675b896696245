-- v4 -> v5: edits of messages that are mailed already

CREATE TABLE late_edit (
	message BIGINT NOT NULL PRIMARY KEY REFERENCES message (id),
	was     TEXT   NOT NULL -- its text as it was mailed
);
