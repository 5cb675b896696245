-- v14 -> v15: the time zone of a participant

ALTER TABLE participant ADD COLUMN zone TEXT NOT NULL DEFAULT ''; -- as Europe/Berlin; empty: that of the installation
