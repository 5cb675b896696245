-- v16 -> v17: what a poll asks by each of its edits

ALTER TABLE edition ADD COLUMN poll TEXT NOT NULL DEFAULT ''; -- as JSON; empty: the message is no poll
