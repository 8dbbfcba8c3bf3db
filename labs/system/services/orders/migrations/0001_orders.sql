-- The source of truth: what happened to each order, numbered without gaps.  The primary key is the optimistic
-- lock: of two writers who saw version n, only one can append n + 1.
CREATE TABLE order_events (
    order_id       uuid        NOT NULL,
    version        integer     NOT NULL CHECK (version > 0),
    type           text        NOT NULL,
    data           jsonb       NOT NULL,
    occurred_at    timestamptz NOT NULL,
    correlation_id text        NOT NULL,
    cause          uuid,  -- the message that brought the news; NULL for requests and deadlines
    PRIMARY KEY (order_id, version)
);

-- History is appended to.  A grant could say the same, but then only for roles that do not own the table.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER order_events_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON order_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A projection: the current state of each order, for reading.  No foreign keys point here, because
-- `python -m orders.replay` may replace the table by one made from the events.
CREATE TABLE orders (
    id          uuid        PRIMARY KEY,
    user_id     uuid        NOT NULL,
    status      text        NOT NULL CHECK (status IN ('PENDING', 'CONFIRMED', 'CANCELLED')),
    reason      text,
    stock       text        NOT NULL,
    payment     text        NOT NULL,
    payment_id  text,
    total_cents bigint      NOT NULL CHECK (total_cents >= 0),
    currency    text        NOT NULL,
    saga        text        NOT NULL,
    lines       jsonb       NOT NULL,
    version     integer     NOT NULL,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    CHECK ((status = 'CANCELLED') = (reason IS NOT NULL))
);

-- One per list: newest first, with the id to break ties, so that a page starts where the last one ended.
CREATE INDEX orders_of_user ON orders (user_id, created_at DESC, id DESC);

-- A second projection of the same events: sums that would otherwise be counted again for each dashboard.
CREATE TABLE user_order_totals (
    user_id     uuid   PRIMARY KEY,
    placed      bigint NOT NULL,
    confirmed   bigint NOT NULL,
    cancelled   bigint NOT NULL,
    spent_cents bigint NOT NULL
);

CREATE TABLE products (
    sku         text   PRIMARY KEY,
    name        text   NOT NULL,
    price_cents bigint NOT NULL CHECK (price_cents > 0)
);

INSERT INTO products (sku, name, price_cents) VALUES
    ('TSHIRT-M', 'T-shirt, size M', 1999),
    ('MUG-BLUE', 'Mug, blue', 899),
    ('STICKER', 'Sticker', 299),
    ('HOODIE-L', 'Hoodie, size L', 4999),
    ('LIMITED-PRINT', 'Print, limited edition', 12000);
