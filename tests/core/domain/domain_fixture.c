/* SPDX-License-Identifier: Apache-2.0 */
#include "domain_fixture.h"

static const quipu_field written_fields[] = {
    QUIPU_FIELD(struct note_written, text), { 0 }
};
static const quipu_field changed_fields[] = {
    QUIPU_FIELD(struct note_changed, text), { 0 }
};
static const quipu_field tagged_fields[] = {
    QUIPU_FIELD(struct note_tagged, tag), { 0 }
};
static const quipu_field torn_fields[] = {
    QUIPU_FIELD(struct note_torn, status),
    QUIPU_FIELD(struct note_torn, silent),
    { 0 },
};
static const quipu_field added_fields[] = {
    QUIPU_FIELD(struct tally_added, amount), { 0 }
};

const quipu_event_type note_written = {
    .topic = "Note.Written",
    .size = sizeof(struct note_written),
    .fields = written_fields,
};
const quipu_event_type note_changed = {
    .topic = "Note.Changed",
    .size = sizeof(struct note_changed),
    .fields = changed_fields,
};
const quipu_event_type note_tagged = {
    .topic = "Note.Tagged",
    .size = sizeof(struct note_tagged),
    .fields = tagged_fields,
};
const quipu_event_type note_dropped = {
    .topic = "Note.Dropped",
    .size = sizeof(struct note_dropped),
};
const quipu_event_type note_torn = {
    .topic = "Note.Torn",
    .size = sizeof(struct note_torn),
    .fields = torn_fields,
};
const quipu_event_type tally_added = {
    .topic = "Tally.Added",
    .size = sizeof(struct tally_added),
    .fields = added_fields,
};

const quipu_event_type *const fixture_types[FIXTURE_TYPE_COUNT] = {
    &note_written, &note_changed, &note_tagged,
    &note_dropped, &note_torn,    &tally_added,
};

/* ----------------------------------------------------------------- note */

static int on_written(void *aggregate, const void *event, quipu_error *error)
{
    struct note *note = aggregate;
    const struct note_written *written = event;

    return quipu_text_set(&note->text, written->text, error);
}

static int on_changed(void *aggregate, const void *event, quipu_error *error)
{
    struct note *note = aggregate;
    const struct note_changed *changed = event;

    return quipu_text_set(&note->text, changed->text, error);
}

static int on_tagged(void *aggregate, const void *event, quipu_error *error)
{
    struct note *note = aggregate;
    const struct note_tagged *tagged = event;
    char **tag = quipu_array_add((void **)&note->tags, &note->tag_count,
                                 sizeof(*tag), error);

    return tag ? quipu_text_set(tag, tagged->tag, error) : QUIPU_NO_MEMORY;
}

static int on_torn(void *aggregate, const void *event, quipu_error *error)
{
    struct note *note = aggregate;
    const struct note_torn *torn = event;
    int status = quipu_text_set(&note->text, "torn", error);

    if (status || torn->silent) {
        return status ? status : torn->status;
    }
    return quipu_error_set(error, torn->status, "the page is torn");
}

static const quipu_field note_fields[] = {
    QUIPU_FIELD(struct note, text),
    QUIPU_FIELD_ARRAY(struct note, tags, tag_count),
    { 0 },
};
static const quipu_handler note_handlers[] = {
    { .event = &note_written, .apply = on_written },
    { .event = &note_changed, .apply = on_changed },
    { .event = &note_tagged, .apply = on_tagged },
    { .event = &note_dropped, .discards = true },
    { .event = &note_torn, .apply = on_torn },
    { 0 },
};
const quipu_aggregate_type note_type = {
    .name = "Note",
    .size = sizeof(struct note),
    .fields = note_fields,
    .handlers = note_handlers,
};

int note_write(struct note *note, const char *text, quipu_error *error)
{
    struct note_written event = { .text = text };

    return quipu_aggregate_trigger(&note->base, &note_written, &event.base,
                                   error);
}

int note_change(struct note *note, const char *text, quipu_error *error)
{
    struct note_changed event = { .text = text };

    return quipu_aggregate_trigger(&note->base, &note_changed, &event.base,
                                   error);
}

int note_tag(struct note *note, const char *tag, quipu_error *error)
{
    struct note_tagged event = { .tag = tag };

    return quipu_aggregate_trigger(&note->base, &note_tagged, &event.base,
                                   error);
}

int note_tear(struct note *note, int status, bool silent, quipu_error *error)
{
    struct note_torn event = { .status = status, .silent = silent };

    return quipu_aggregate_trigger(&note->base, &note_torn, &event.base, error);
}

/* ---------------------------------------------------------------- tally */

static int tally_mutate(void *aggregate, const quipu_event *event,
                        bool *discarded, quipu_error *error)
{
    struct tally *tally = aggregate;
    const struct tally_added *added = (const struct tally_added *)event;

    if (event->type != &tally_added) {
        return quipu_error_set(error, QUIPU_INVALID, "a tally only adds");
    }
    tally->sum += added->amount;
    *discarded = added->amount == 0;
    return QUIPU_OK;
}

static const quipu_field tally_fields[] = {
    QUIPU_FIELD(struct tally, sum),
    { 0 },
};
const quipu_aggregate_type tally_type = {
    .name = "Tally",
    .size = sizeof(struct tally),
    .fields = tally_fields,
    .mutate = tally_mutate,
};

int tally_add(struct tally *tally, int64_t amount, quipu_error *error)
{
    struct tally_added event = { .amount = amount };

    return quipu_aggregate_trigger(&tally->base, &tally_added, &event.base,
                                   error);
}

/* ------------------------------------------------------------- recorder */

int recorder_policy(void *context, const quipu_event *const *events,
                    size_t count, quipu_error *error)
{
    struct recorder *recorder = context;
    size_t call = recorder->calls++;
    int status = QUIPU_OK;

    if (call >= RECORDER_CALLS || count > RECORDER_EVENTS) {
        return quipu_error_set(error, QUIPU_INTERNAL, "the recorder is full");
    }
    recorder->counts[call] = count;
    for (size_t i = 0; i < count && status == QUIPU_OK; i++) {
        status = quipu_event_copy(events[i], &recorder->events[call][i], error);
    }
    if (status || !recorder->answers[call]) {
        return status;
    }
    return quipu_error_set(error, recorder->answers[call], "as it was told");
}

void recorder_clear(struct recorder *recorder)
{
    for (size_t i = 0; i < RECORDER_CALLS; i++) {
        for (size_t j = 0; j < RECORDER_EVENTS; j++) {
            quipu_event_destroy(recorder->events[i][j]);
        }
    }
    memset(recorder, 0, sizeof(*recorder));
}

void wired_open(struct wired *wired)
{
    quipu_error error;

    memset(wired, 0, sizeof(*wired));
    assert_ok(quipu_bus_open(&wired->bus, &error), &error);
    assert_ok(quipu_bus_subscribe(wired->bus, recorder_policy, &wired->recorder,
                                  &wired->subscriber, &error),
              &error);
}

void wired_close(struct wired *wired)
{
    quipu_error error;

    quipu_bus_unsubscribe(wired->subscriber);
    assert_ok(quipu_bus_close(wired->bus, &error), &error);
    recorder_clear(&wired->recorder);
}

struct note *new_note(quipu_bus *bus)
{
    quipu_error error;
    void *note = NULL;

    assert_ok(quipu_aggregate_create(&note_type, NULL, bus, &note, &error),
              &error);
    return note;
}

struct tally *new_tally(quipu_bus *bus)
{
    quipu_error error;
    void *tally = NULL;

    assert_ok(quipu_aggregate_create(&tally_type, NULL, bus, &tally, &error),
              &error);
    return tally;
}
