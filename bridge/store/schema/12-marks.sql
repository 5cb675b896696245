-- v11 -> v12: what the bridge remarks of a message, and where it was written

ALTER TABLE message ADD COLUMN marks TEXT NOT NULL DEFAULT ''; -- lines shown under it in rooms; no part of its text
ALTER TABLE message ADD COLUMN room BIGINT REFERENCES room (id); -- where it was written; none: in a mail, or before this was noted
