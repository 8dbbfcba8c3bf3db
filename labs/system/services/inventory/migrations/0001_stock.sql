-- What there is. The two checks are the last line of defence against overselling: whatever the code above them
-- does wrong, the database refuses a unit that is promised twice, and one that is given back twice.
CREATE TABLE stock (
    sku      text PRIMARY KEY,
    quantity bigint NOT NULL CHECK (quantity >= 0),
    reserved bigint NOT NULL DEFAULT 0 CHECK (reserved >= 0),
    CONSTRAINT stock_never_oversold CHECK (reserved <= quantity)
);

-- One row per order that inventory ever heard of; the primary key is what makes reserving idempotent.
-- CANCELLED is the tombstone: the order was cancelled before anything was reserved for it, or could be.
CREATE TABLE reservations (
    order_id   uuid PRIMARY KEY,
    status     text NOT NULL CHECK (status IN ('RESERVED', 'REJECTED', 'RELEASED', 'CANCELLED')),
    missing    text[] NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE reservation_lines (
    order_id uuid NOT NULL REFERENCES reservations,
    sku      text NOT NULL REFERENCES stock,
    quantity bigint NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (order_id, sku)
);

INSERT INTO stock (sku, quantity) VALUES
    ('TSHIRT-M', 1000),
    ('MUG-BLUE', 1000),
    ('STICKER', 1000),
    ('HOODIE-L', 1000),
    ('LIMITED-PRINT', 5);
