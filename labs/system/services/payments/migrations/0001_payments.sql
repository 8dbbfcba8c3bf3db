-- One row per order, also the tombstone of an order that was cancelled before any payment was asked for. The
-- primary key is what makes "pay this order" idempotent, whichever event asks for it and however often.
--
-- `step` is what a worker may safely do next, and always has been committed before the worker does it:
--   charge  nothing was ever sent, or the provider has said that it knows nothing of it
--   ask     a charge may have been sent; only the provider knows
--   void    cancelled while a charge may have been sent: close it at the provider, or learn that it was captured
--   refund  cancelled after it was captured
--   NULL    nothing is left to do
CREATE TABLE payments (
    order_id       uuid PRIMARY KEY,
    payment_id     uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
    amount_cents   bigint NOT NULL CHECK (amount_cents >= 0),
    currency       text NOT NULL,
    status         text NOT NULL
        CHECK (status IN ('PENDING', 'CAPTURED', 'DECLINED', 'UNKNOWN', 'REFUNDED', 'VOIDED')),
    step           text CHECK (step IN ('charge', 'ask', 'void', 'refund')),
    attempts       integer NOT NULL DEFAULT 0,
    due_at         timestamptz NOT NULL DEFAULT now(),
    decline_reason text,
    correlation_id text NOT NULL,
    causation_id   uuid NOT NULL,
    traceparent    text,
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT unsettled_means_a_step CHECK ((status IN ('PENDING', 'UNKNOWN')) <= (step IS NOT NULL)),
    CONSTRAINT settled_means_none CHECK ((status IN ('DECLINED', 'REFUNDED', 'VOIDED')) <= (step IS NULL))
);

-- Workers look for due steps all the time; settled payments, nearly all rows, are not in this index.
CREATE INDEX payments_due ON payments (due_at) WHERE step IS NOT NULL;

-- Sent by PostgreSQL when the transaction commits, never before: a worker that wakes up finds the row.
CREATE FUNCTION payments_wake() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('payments_due', '');
    RETURN NULL;
END $$;
CREATE TRIGGER payments_wake AFTER INSERT ON payments
    FOR EACH STATEMENT EXECUTE FUNCTION payments_wake();
