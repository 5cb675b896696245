-- v11 -> v12: what the bridge remarks of messages, where they were written, and mails whose Date is far off

ALTER TABLE message ADD COLUMN marks TEXT NOT NULL DEFAULT ''; -- lines shown under it in rooms; no part of its text
ALTER TABLE message ADD COLUMN room BIGINT REFERENCES room (id); -- where it was written; none: in a mail, or before this was noted
ALTER TABLE mail ADD COLUMN dated BIGINT NOT NULL DEFAULT 0; -- its Date, where that is far from when it came; 0: it is not
