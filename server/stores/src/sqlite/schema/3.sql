-- Schema 3: credentials of OAuth 1.0a, and its nonces.

CREATE TABLE "temporary_credential" (
    key INTEGER PRIMARY KEY,
    grant_id INTEGER NOT NULL, client TEXT, subject TEXT, expires_at INTEGER NOT NULL,
    version INTEGER NOT NULL, state INTEGER NOT NULL, body BLOB NOT NULL
) STRICT;

CREATE TABLE "token_credential" (
    key INTEGER PRIMARY KEY,
    grant_id INTEGER NOT NULL, client TEXT, subject TEXT, expires_at INTEGER NOT NULL,
    version INTEGER NOT NULL, state INTEGER NOT NULL, body BLOB NOT NULL
) STRICT;

-- Without an index of ends: names begin with the time, and the purge walks from the first.
CREATE TABLE "nonce" (
    key BLOB PRIMARY KEY,
    grant_id INTEGER NOT NULL, client TEXT, subject TEXT, expires_at INTEGER NOT NULL,
    version INTEGER NOT NULL, state INTEGER NOT NULL, body BLOB NOT NULL
) WITHOUT ROWID, STRICT;
