-- v18 -> v19: which messages wait for a file

CREATE INDEX file_wanted ON file (message) WHERE state = 'wanted';
