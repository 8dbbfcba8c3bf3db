-- The payment provider stands for another company: it has a schema of its own, and no statement joins the two.
CREATE SCHEMA provider;

CREATE TABLE provider.charges (
    key          text PRIMARY KEY,
    amount_cents bigint NOT NULL,
    currency     text NOT NULL,
    status       text NOT NULL CHECK (status IN ('captured', 'declined', 'voided', 'refunded')),
    reason       text,
    created_at   timestamptz NOT NULL DEFAULT now()
);

-- One row, in the database and not in memory, so that all instances of the stub misbehave alike.
CREATE TABLE provider.behaviour (
    single            boolean PRIMARY KEY DEFAULT true CHECK (single),
    latency_ms        integer NOT NULL DEFAULT 0,
    decline_rate      double precision NOT NULL DEFAULT 0,
    error_rate        double precision NOT NULL DEFAULT 0,
    timeout           boolean NOT NULL DEFAULT false,
    charge_on_timeout boolean NOT NULL DEFAULT false,
    decline_over_cents bigint
);
INSERT INTO provider.behaviour DEFAULT VALUES;
