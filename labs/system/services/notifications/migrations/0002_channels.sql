-- The providers of the channels stand for other companies: a schema of their own, and no statement joins the two.
CREATE SCHEMA channels;

-- What was really sent, once per key. `requests` counts how often it was asked for.
CREATE TABLE channels.messages (
    channel   text NOT NULL,
    key       text NOT NULL,
    recipient text NOT NULL,
    content   text NOT NULL,
    requests  integer NOT NULL DEFAULT 1,
    sent_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (channel, key)
);
CREATE INDEX messages_by_recipient ON channels.messages (recipient);

-- One row per channel, in the database and not in memory, so that all instances of the stub misbehave alike.
CREATE TABLE channels.behaviour (
    channel            text PRIMARY KEY,
    latency_ms         integer NOT NULL DEFAULT 0,
    failure_rate       double precision NOT NULL DEFAULT 0,
    poison_recipients  text[] NOT NULL DEFAULT '{}',
    unknown_recipients text[] NOT NULL DEFAULT '{}'
);
INSERT INTO channels.behaviour (channel) VALUES ('email'), ('sms'), ('push');
