-- Withdrawn before their time: single access tokens (by jti) and whole sessions (by sid). Verifiers ask Redis; this is
-- the record that Redis is filled from, written in the transaction that withdraws, so a denial survives Redis being
-- away and Redis losing its memory.
CREATE TABLE denials (
    kind       text        NOT NULL CHECK (kind IN ('jti', 'sid')),
    value      text        NOT NULL,
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    delivered  boolean     NOT NULL DEFAULT false,
    PRIMARY KEY (kind, value)
);

CREATE INDEX denials_undelivered ON denials (kind, value) WHERE NOT delivered;
CREATE INDEX denials_expiry ON denials (expires_at);
