-- What an order does not know about its own saga: how often it asked, and when to look again.
-- due_at is a lease as well: whoever takes a row moves it into the future, so that an instance that dies
-- with the row in its hands only delays it.
CREATE TABLE sagas (
    order_id    uuid        PRIMARY KEY,
    mode        text        NOT NULL CHECK (mode IN ('choreography', 'orchestration')),
    step        text        NOT NULL CHECK (step IN ('reserving', 'charging', 'compensating', 'done')),
    attempts    integer     NOT NULL DEFAULT 0,
    started_at  timestamptz NOT NULL,
    deadline_at timestamptz NOT NULL,
    due_at      timestamptz,
    finished_at timestamptz
);

-- Only sagas in progress are in the indexes: they stay small however many orders there have been.
CREATE INDEX sagas_due ON sagas (due_at) WHERE finished_at IS NULL AND due_at IS NOT NULL;
CREATE INDEX sagas_open ON sagas (mode, step) WHERE finished_at IS NULL;
