-- What a key does follows from these times and the database's clock, so no instance has to be told of a change:
-- published from its creation, signing from `signs_from` to `signs_until`, published on to `published_until`.
CREATE TABLE signing_keys (
    kid             text        PRIMARY KEY,
    private_key     bytea       NOT NULL,  -- sealed with KEY_ENCRYPTION_KEY
    created_at      timestamptz NOT NULL DEFAULT now(),
    signs_from      timestamptz NOT NULL,
    signs_until     timestamptz,
    published_until timestamptz,
    CHECK (signs_from < signs_until AND signs_until < published_until),
    CHECK ((signs_until IS NULL) = (published_until IS NULL))
);

-- One key at a time has no successor: of two rotations at once only one can give it one.
CREATE UNIQUE INDEX signing_keys_last ON signing_keys ((signs_until IS NULL)) WHERE signs_until IS NULL;
