-- One row per account. E-mails are stored in lower case, so that UNIQUE means what people mean by "the same address";
-- the CHECK holds that against code that forgets it.
CREATE TABLE users (
    id            uuid        PRIMARY KEY,
    email         text        NOT NULL UNIQUE CHECK (email = lower(email)),
    password_hash text        NOT NULL,
    name          text        NOT NULL,
    phone         text,
    device        text,
    roles         text[]      NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now()
);

-- The list: newest first, with the id to break ties.
CREATE INDEX users_newest ON users (created_at DESC, id DESC);
-- "Is there another administrator?" touches the administrators only.
CREATE INDEX users_admins ON users (id) WHERE 'admin' = ANY (roles);
