-- v2 -> v3: how the words of a person were found in a mail

CREATE TABLE reading (
	message BIGINT NOT NULL PRIMARY KEY REFERENCES message (id),
	sure    BIGINT NOT NULL, -- per cent
	cuts    TEXT   NOT NULL  -- JSON of what was left out, in order
);
