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

-- Orders that were placed before get theirs, by what their row tells: no order is without one, or news about it would
-- be written and never announced.  What is open gets a deadline from now on, as if it had just been placed.
INSERT INTO sagas (order_id, mode, step, started_at, deadline_at, due_at, finished_at)
SELECT id, saga, step, created_at, deadline,
       CASE WHEN status = 'PENDING' THEN deadline WHEN step <> 'done' THEN now() END,
       CASE WHEN step = 'done' THEN updated_at END
FROM orders, LATERAL (
    SELECT now() + interval '15 minutes' AS deadline,
           CASE WHEN status = 'PENDING' THEN CASE stock WHEN 'RESERVED' THEN 'charging' ELSE 'reserving' END
                WHEN status = 'CANCELLED' AND (stock = 'RESERVED' OR payment IN ('CAPTURED', 'UNKNOWN'))
                THEN 'compensating' ELSE 'done' END AS step
) AS told;

-- Only sagas in progress are in the indexes: they stay small however many orders there have been.
CREATE INDEX sagas_due ON sagas (due_at) WHERE finished_at IS NULL AND due_at IS NOT NULL;
CREATE INDEX sagas_open ON sagas (mode, step) WHERE finished_at IS NULL;
