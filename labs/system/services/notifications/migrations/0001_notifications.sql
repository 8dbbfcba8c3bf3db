-- Addresses of people: a copy of personal data that users owns. handlers.py says why it is copied and what that costs.
--
-- A row without `registered_at` is a place kept for somebody of whom only an order has been heard so far. Both kinds
-- of event meet at this row, and whoever comes second waits for the first: neither can miss the other.
CREATE TABLE recipients (
    user_id       uuid PRIMARY KEY,
    name          text,
    email         text,
    phone         text,
    device        text,
    registered_at timestamptz,
    CONSTRAINT unknown_means_empty
        CHECK (registered_at IS NOT NULL OR (name IS NULL AND email IS NULL AND phone IS NULL AND device IS NULL))
);

-- Events about people whose user.registered has not arrived. They hold no address; that is what they wait for.
CREATE TABLE waiting_events (
    event_id uuid PRIMARY KEY,
    user_id  uuid NOT NULL REFERENCES recipients,
    event    json NOT NULL,
    since    timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX waiting_events_of_user ON waiting_events (user_id);

-- One row per message, written before it is handed to the provider for the first time.
--   PENDING   is being sent at this moment, or whoever was sending it has died
--   FAILED    was tried in vain; the bus tries again, or has put the command among its dead letters
--   SENT      the provider has taken it over
--   REJECTED  the provider will never take it: there is no such address
CREATE TABLE notifications (
    id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    event_id      uuid NOT NULL,
    user_id       uuid NOT NULL,
    channel       text NOT NULL CHECK (channel IN ('email', 'sms', 'push')),
    recipient     text NOT NULL,
    template      text NOT NULL,
    status        text NOT NULL DEFAULT 'PENDING' CHECK (status IN ('PENDING', 'FAILED', 'SENT', 'REJECTED')),
    attempts      integer NOT NULL,
    error         text,
    claimed_until timestamptz NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    sent_at       timestamptz,
    -- What makes sending idempotent, whichever command asks for it and however often.
    CONSTRAINT once_per_event_recipient_and_channel UNIQUE (event_id, recipient, channel),
    CONSTRAINT sent_means_when CHECK ((status = 'SENT') = (sent_at IS NOT NULL))
);

-- Pages of one user's messages, newest first.
CREATE INDEX notifications_of_user ON notifications (user_id, created_at DESC, id DESC);
-- Why messages fail, for whoever wants to replay them; the few that do are all there is in this index.
CREATE INDEX notifications_failed ON notifications (channel) WHERE status = 'FAILED';
