-- What handlers did, once per time that they did it.
CREATE TABLE effects (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id uuid NOT NULL,
    subject  text NOT NULL
);
