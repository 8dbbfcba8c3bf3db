-- A session is one login and everything that came of it: the family of refresh tokens and, by `sid`, the access tokens.
CREATE TABLE sessions (
    id           uuid        PRIMARY KEY,
    user_id      uuid        NOT NULL REFERENCES users ON DELETE CASCADE,
    token_type   text        NOT NULL CHECK (token_type IN ('jwt', 'opaque')),
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL,  -- the end of the family, however often it is refreshed
    access_until timestamptz NOT NULL,  -- the end of its last access token: how long an end must be remembered
    ended_at     timestamptz,
    end_reason   text,
    CHECK ((ended_at IS NULL) = (end_reason IS NULL))
);

CREATE INDEX sessions_of_user ON sessions (user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

-- Used tokens stay until they expire: without them a stolen one that comes back could not be recognised.
CREATE TABLE refresh_tokens (
    hash       bytea       PRIMARY KEY,  -- SHA-256: the token has 256 random bits, there is nothing to guess
    session_id uuid        NOT NULL REFERENCES sessions ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at    timestamptz
);

CREATE INDEX refresh_tokens_of_session ON refresh_tokens (session_id);
CREATE INDEX refresh_tokens_expiry ON refresh_tokens (expires_at);
-- Rotation replaces: a family never has two tokens that work, whatever the code does.
CREATE UNIQUE INDEX refresh_tokens_unused ON refresh_tokens (session_id) WHERE used_at IS NULL;
