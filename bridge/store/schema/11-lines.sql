-- v10 -> v11: changes of rooms that the next mail tells of

CREATE TABLE room_line (
	room BIGINT NOT NULL REFERENCES room (id),
	kind TEXT   NOT NULL, -- name, topic
	body TEXT   NOT NULL,
	skip TEXT   NOT NULL DEFAULT '', -- participants who know it, as in message
	PRIMARY KEY (room, kind)
);
