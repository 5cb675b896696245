-- v15 -> v16: which copies are the file with all of a long text, and which of them
-- have made room for a newer one

ALTER TABLE copy ADD COLUMN whole BOOLEAN NOT NULL DEFAULT false; -- the file with all that the message says
ALTER TABLE copy ADD COLUMN stale BOOLEAN NOT NULL DEFAULT false; -- it says what the message no longer says, and is deleted
