-- Schema 1: one table per kind of record.
--
-- Issued kinds are keyed by rowid: ids grow with time, so inserts append and a purge is a range. Tokens have no other index.
-- Named kinds are trees by name; the index over rows that end at all (9223372036854775807 is never) is for the purge.
-- The indexes by client and subject are for listings that people see.
-- state: 0 live, 1 spent. Times are milliseconds since 1970. grant_id 0 is none.

CREATE TABLE "client" (
    key BLOB PRIMARY KEY,
    grant_id INTEGER NOT NULL, client TEXT, subject TEXT, expires_at INTEGER NOT NULL,
    version INTEGER NOT NULL, state INTEGER NOT NULL, body BLOB NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX "client_end" ON "client" (expires_at) WHERE expires_at < 9223372036854775807;

CREATE TABLE "user" (
    key BLOB PRIMARY KEY,
    grant_id INTEGER NOT NULL, client TEXT, subject TEXT, expires_at INTEGER NOT NULL,
    version INTEGER NOT NULL, state INTEGER NOT NULL, body BLOB NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX "user_end" ON "user" (expires_at) WHERE expires_at < 9223372036854775807;

CREATE TABLE "consent" (
    key BLOB PRIMARY KEY,
    grant_id INTEGER NOT NULL, client TEXT, subject TEXT, expires_at INTEGER NOT NULL,
    version INTEGER NOT NULL, state INTEGER NOT NULL, body BLOB NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX "consent_end" ON "consent" (expires_at) WHERE expires_at < 9223372036854775807;
CREATE INDEX "consent_client" ON "consent" (client);
CREATE INDEX "consent_subject" ON "consent" (subject) WHERE subject IS NOT NULL;

CREATE TABLE "signing_key" (
    key BLOB PRIMARY KEY,
    grant_id INTEGER NOT NULL, client TEXT, subject TEXT, expires_at INTEGER NOT NULL,
    version INTEGER NOT NULL, state INTEGER NOT NULL, body BLOB NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX "signing_key_end" ON "signing_key" (expires_at) WHERE expires_at < 9223372036854775807;

CREATE TABLE "not_before" (
    key BLOB PRIMARY KEY,
    grant_id INTEGER NOT NULL, client TEXT, subject TEXT, expires_at INTEGER NOT NULL,
    version INTEGER NOT NULL, state INTEGER NOT NULL, body BLOB NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX "not_before_end" ON "not_before" (expires_at) WHERE expires_at < 9223372036854775807;

CREATE TABLE "plugin_data" (
    key BLOB PRIMARY KEY,
    grant_id INTEGER NOT NULL, client TEXT, subject TEXT, expires_at INTEGER NOT NULL,
    version INTEGER NOT NULL, state INTEGER NOT NULL, body BLOB NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX "plugin_data_end" ON "plugin_data" (expires_at) WHERE expires_at < 9223372036854775807;

CREATE TABLE "deployment" (
    key BLOB PRIMARY KEY,
    grant_id INTEGER NOT NULL, client TEXT, subject TEXT, expires_at INTEGER NOT NULL,
    version INTEGER NOT NULL, state INTEGER NOT NULL, body BLOB NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX "deployment_end" ON "deployment" (expires_at) WHERE expires_at < 9223372036854775807;

CREATE TABLE "grant" (
    key INTEGER PRIMARY KEY,
    grant_id INTEGER NOT NULL, client TEXT, subject TEXT, expires_at INTEGER NOT NULL,
    version INTEGER NOT NULL, state INTEGER NOT NULL, body BLOB NOT NULL
) STRICT;
CREATE INDEX "grant_client" ON "grant" (client);
CREATE INDEX "grant_subject" ON "grant" (subject) WHERE subject IS NOT NULL;

CREATE TABLE "code" (
    key INTEGER PRIMARY KEY,
    grant_id INTEGER NOT NULL, client TEXT, subject TEXT, expires_at INTEGER NOT NULL,
    version INTEGER NOT NULL, state INTEGER NOT NULL, body BLOB NOT NULL
) STRICT;

CREATE TABLE "access_token" (
    key INTEGER PRIMARY KEY,
    grant_id INTEGER NOT NULL, client TEXT, subject TEXT, expires_at INTEGER NOT NULL,
    version INTEGER NOT NULL, state INTEGER NOT NULL, body BLOB NOT NULL
) STRICT;

CREATE TABLE "refresh_token" (
    key INTEGER PRIMARY KEY,
    grant_id INTEGER NOT NULL, client TEXT, subject TEXT, expires_at INTEGER NOT NULL,
    version INTEGER NOT NULL, state INTEGER NOT NULL, body BLOB NOT NULL
) STRICT;

CREATE TABLE "attempts" (
    key BLOB PRIMARY KEY,
    grant_id INTEGER NOT NULL, client TEXT, subject TEXT, expires_at INTEGER NOT NULL,
    version INTEGER NOT NULL, state INTEGER NOT NULL, body BLOB NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX "attempts_end" ON "attempts" (expires_at) WHERE expires_at < 9223372036854775807;

CREATE TABLE "once" (
    key BLOB PRIMARY KEY,
    grant_id INTEGER NOT NULL, client TEXT, subject TEXT, expires_at INTEGER NOT NULL,
    version INTEGER NOT NULL, state INTEGER NOT NULL, body BLOB NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX "once_end" ON "once" (expires_at) WHERE expires_at < 9223372036854775807;

CREATE TABLE "interaction" (
    key INTEGER PRIMARY KEY,
    grant_id INTEGER NOT NULL, client TEXT, subject TEXT, expires_at INTEGER NOT NULL,
    version INTEGER NOT NULL, state INTEGER NOT NULL, body BLOB NOT NULL
) STRICT;

CREATE TABLE "session" (
    key INTEGER PRIMARY KEY,
    grant_id INTEGER NOT NULL, client TEXT, subject TEXT, expires_at INTEGER NOT NULL,
    version INTEGER NOT NULL, state INTEGER NOT NULL, body BLOB NOT NULL
) STRICT;
CREATE INDEX "session_subject" ON "session" (subject) WHERE subject IS NOT NULL;
