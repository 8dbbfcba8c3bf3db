-- Unique per user: two customers may use the same key, and neither learns anything about the other.
-- The response is text and not jsonb, because a repeat gets the same bytes.
CREATE TABLE idempotency_keys (
    user_id     uuid        NOT NULL,
    key         text        NOT NULL,
    fingerprint bytea       NOT NULL,
    order_id    uuid,
    response    text,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, key)
);

CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);
