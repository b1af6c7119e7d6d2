-- SPDX-License-Identifier: Apache-2.0
-- A store of quipu 0.1.0, which has no key-value entries: two sequences of three
-- items, and two tracking records.  From pg_dump --inserts.

CREATE SCHEMA old;

CREATE TABLE old.quipu_columns (
    namespace integer NOT NULL,
    schema bigint NOT NULL,
    ordinal integer NOT NULL,
    name text NOT NULL,
    kind text NOT NULL
);

CREATE TABLE old.quipu_heads (
    namespace integer NOT NULL,
    schema bigint NOT NULL,
    head bigint NOT NULL
)
WITH (fillfactor='20');

CREATE TABLE old.quipu_namespaces (
    number integer NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    identity uuid NOT NULL,
    schemas bigint NOT NULL
);

CREATE TABLE old.quipu_schemas (
    namespace integer NOT NULL,
    number bigint NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    relation text NOT NULL COLLATE pg_catalog."C",
    ids text NOT NULL,
    positions text NOT NULL,
    notification_id text NOT NULL,
    sequence_id text NOT NULL,
    "position" text NOT NULL,
    topic text NOT NULL,
    state text NOT NULL,
    event_id text,
    metadata text,
    "time" text
);

CREATE TABLE old.quipu_store (
    format integer NOT NULL
);

CREATE TABLE old.quipu_tables (
    relation text NOT NULL COLLATE pg_catalog."C",
    shape text NOT NULL,
    schemas bigint NOT NULL
);

CREATE TABLE old.quipu_tracking (
    namespace integer NOT NULL,
    consumer text NOT NULL COLLATE pg_catalog."C",
    log text NOT NULL COLLATE pg_catalog."C",
    notification_id bigint NOT NULL,
    store uuid NOT NULL,
    event_id uuid NOT NULL
)
WITH (fillfactor='50');

CREATE TABLE old.stored_events (
    quipu_namespace integer NOT NULL,
    id bigint NOT NULL,
    aggregate_id uuid NOT NULL,
    aggregate_version bigint NOT NULL,
    event_type text NOT NULL COLLATE pg_catalog."C",
    state bytea NOT NULL,
    event_id uuid NOT NULL
);

INSERT INTO old.quipu_heads VALUES (1, 1, 6);

INSERT INTO old.quipu_namespaces VALUES (1, '', '3cc98347-30cd-4df4-8689-6d3bae4d4225', 1);

INSERT INTO old.quipu_schemas VALUES (1, 1, 'stored_events', 'stored_events', 'uuid', 'contiguous', 'id', 'aggregate_id', 'aggregate_version', 'event_type', 'state', 'event_id', NULL, NULL);

INSERT INTO old.quipu_store VALUES (1);

INSERT INTO old.quipu_tables VALUES ('stored_events', 'quipu_namespace integer NOT NULL, "id" bigint NOT NULL, "aggregate_id" uuid NOT NULL, "aggregate_version" bigint NOT NULL, "event_type" text COLLATE "C" NOT NULL, "state" bytea NOT NULL, "event_id" uuid NOT NULL, PRIMARY KEY (quipu_namespace, "id"), UNIQUE (quipu_namespace, "aggregate_id", "aggregate_version"), UNIQUE (quipu_namespace, "event_id")', 1);

INSERT INTO old.quipu_tracking VALUES (1, E'mail\007', 'things', 2, '00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000000000');
INSERT INTO old.quipu_tracking VALUES (1, 'report', 'things', 3, '00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000000000');

INSERT INTO old.stored_events VALUES (1, 1, '8f7d29a0-127c-500c-9a53-d3cacb2475cb', 0, 'Thing.Happened', '\x81a16ed10000', 'c54be7ce-c198-5b2a-9768-16ebdc364b57');
INSERT INTO old.stored_events VALUES (1, 2, 'fe38b6f1-919d-5e9a-a937-5005514ef32c', 0, 'Thing.Happened', '\x81a16ed10000', 'd3275f88-ca02-5e52-8307-cb0e86bb8428');
INSERT INTO old.stored_events VALUES (1, 3, '8f7d29a0-127c-500c-9a53-d3cacb2475cb', 1, 'Thing.Happened', '\x81a16ed10001', '42275c63-a799-5645-b4a6-4d21e68c224b');
INSERT INTO old.stored_events VALUES (1, 4, 'fe38b6f1-919d-5e9a-a937-5005514ef32c', 1, 'Thing.Happened', '\x81a16ed10001', 'dfa8ab4c-6993-5df5-ac47-1611600aa1dc');
INSERT INTO old.stored_events VALUES (1, 5, '8f7d29a0-127c-500c-9a53-d3cacb2475cb', 2, 'Thing.Happened', '\x81a16ed10002', '80faf61b-5598-555a-b58f-6c650a91dd1e');
INSERT INTO old.stored_events VALUES (1, 6, 'fe38b6f1-919d-5e9a-a937-5005514ef32c', 2, 'Thing.Happened', '\x81a16ed10002', '23c08a33-3406-5691-81d2-21ef3cffed10');

ALTER TABLE ONLY old.quipu_columns
    ADD CONSTRAINT quipu_columns_pkey PRIMARY KEY (namespace, schema, ordinal);

ALTER TABLE ONLY old.quipu_heads
    ADD CONSTRAINT quipu_heads_pkey PRIMARY KEY (namespace, schema);

ALTER TABLE ONLY old.quipu_namespaces
    ADD CONSTRAINT quipu_namespaces_name_key UNIQUE (name);

ALTER TABLE ONLY old.quipu_namespaces
    ADD CONSTRAINT quipu_namespaces_pkey PRIMARY KEY (number);

ALTER TABLE ONLY old.quipu_schemas
    ADD CONSTRAINT quipu_schemas_namespace_number_key UNIQUE (namespace, number);

ALTER TABLE ONLY old.quipu_schemas
    ADD CONSTRAINT quipu_schemas_pkey PRIMARY KEY (namespace, name);

ALTER TABLE ONLY old.quipu_store
    ADD CONSTRAINT quipu_store_pkey PRIMARY KEY (format);

ALTER TABLE ONLY old.quipu_tables
    ADD CONSTRAINT quipu_tables_pkey PRIMARY KEY (relation);

ALTER TABLE ONLY old.quipu_tracking
    ADD CONSTRAINT quipu_tracking_pkey PRIMARY KEY (namespace, consumer, log);

ALTER TABLE ONLY old.stored_events
    ADD CONSTRAINT stored_events_pkey PRIMARY KEY (quipu_namespace, id);

ALTER TABLE ONLY old.stored_events
    ADD CONSTRAINT stored_events_quipu_namespace_aggregate_id_aggregate_versio_key UNIQUE (quipu_namespace, aggregate_id, aggregate_version);

ALTER TABLE ONLY old.stored_events
    ADD CONSTRAINT stored_events_quipu_namespace_event_id_key UNIQUE (quipu_namespace, event_id);

