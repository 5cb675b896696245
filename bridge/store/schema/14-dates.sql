-- v13 -> v14: mails whose Date is far off

ALTER TABLE mail ADD COLUMN dated BIGINT NOT NULL DEFAULT 0; -- its Date, where that is far from when it came; 0: it is not
