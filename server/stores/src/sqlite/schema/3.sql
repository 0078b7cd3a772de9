-- Schema 3: credentials of OAuth 1.0a.

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
