-- Schema 2: access tokens in forms that name no record, by the hash of their text.

CREATE TABLE "hashed_token" (
    key BLOB PRIMARY KEY,
    grant_id INTEGER NOT NULL, client TEXT, subject TEXT, expires_at INTEGER NOT NULL,
    version INTEGER NOT NULL, state INTEGER NOT NULL, body BLOB NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX "hashed_token_end" ON "hashed_token" (expires_at) WHERE expires_at < 9223372036854775807;
