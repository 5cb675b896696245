-- v8 -> v9: encrypted rooms

ALTER TABLE room ADD COLUMN encrypted TEXT NOT NULL DEFAULT ''; -- '', asked, agreed: what is said there is encrypted
