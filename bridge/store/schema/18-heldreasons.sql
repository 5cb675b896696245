-- v17 -> v18: why a mail is held, as a code, and what the check of its origin said.
-- A sentence that names no failed check is mapped only where that check had come before
-- it; all others stay unknown, which counts as failed.

ALTER TABLE quarantine ADD COLUMN code TEXT NOT NULL DEFAULT ''; -- see frommail.Code; empty: unknown
ALTER TABLE quarantine ADD COLUMN trust TEXT NOT NULL DEFAULT ''; -- proven, unproven, failed; empty: unknown
UPDATE quarantine SET code = 'forged', trust = 'failed' WHERE reason LIKE '%may be forged%';
UPDATE quarantine SET code = 'stranger', trust = 'unproven' WHERE reason = 'its sender takes no part in this conversation';
UPDATE quarantine SET code = 'cites-none', trust = 'unproven' WHERE reason = 'nothing proves its sender, and it answers no mail of this conversation';
UPDATE quarantine SET code = 'unproven', trust = 'unproven' WHERE reason = 'nothing proves its sender';
UPDATE quarantine SET code = 'may-not-open', trust = 'unproven' WHERE reason = 'it begins a conversation, and its sender is not among those who may';
UPDATE quarantine SET code = 'open-proof', trust = 'unproven' WHERE reason = 'it begins a conversation, and nothing proves its sender';
UPDATE quarantine SET code = 'no-place', trust = 'proven' WHERE reason = 'it begins a conversation, and no room is set for those';
UPDATE quarantine SET code = 'other-thread', trust = 'unproven' WHERE reason = 'it is addressed to one conversation and answers another';
UPDATE quarantine SET code = 'several', trust = 'unproven' WHERE reason = 'it answers mails of different conversations';
UPDATE quarantine SET code = 'new-subject', trust = 'unproven' WHERE reason = 'it answers nothing and has another subject';
UPDATE quarantine SET code = 'no-author', trust = 'unproven' WHERE reason = 'it names no sender, or several';
UPDATE quarantine SET code = 'owner', trust = 'unproven' WHERE reason = 'it bears the owner''s address, and nothing proves that the owner wrote it';
UPDATE quarantine SET code = 'bulk' WHERE reason = 'it was sent to many and answers nothing';
UPDATE quarantine SET code = 'list' WHERE reason = 'it begins a conversation, and came by way of a mailing list';
UPDATE quarantine SET code = 'private-copy' WHERE reason = 'it is a private copy (Bcc), and those whom it names do not know that it is read here';
