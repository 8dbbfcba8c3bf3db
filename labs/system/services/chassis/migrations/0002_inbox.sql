-- One row per event that a subscription has handled, written in the transaction that handled it.
CREATE TABLE inbox (
    subscription text NOT NULL,
    event_id     uuid NOT NULL,
    handled_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (subscription, event_id)
);

CREATE INDEX inbox_handled ON inbox (handled_at);
