/* SPDX-License-Identifier: Apache-2.0 */
#include "transfers_fixture.h"

#include <time.h>

#include <quipu/declare.h>

const struct model *backend;

/* ------------------------------------------------------------------ events */

QUIPU_EVENT(opened, "Account.Opened", QUIPU_VALUE(int64_t, cents));
QUIPU_EVENT(changed, "Account.Changed", QUIPU_VALUE(int64_t, cents),
            QUIPU_VALUE(int64_t, transfer)); /* 0: by no transfer */
QUIPU_EVENT(requested, "Transfer.Requested", QUIPU_VALUE(int64_t, number),
            QUIPU_VALUE(int64_t, from), QUIPU_VALUE(int64_t, to),
            QUIPU_VALUE(int64_t, cents));
QUIPU_EVENT(completed, "Transfer.Completed", QUIPU_VALUE(int64_t, number));

static int on_opened(struct account *account, const struct opened *event,
                     quipu_error *error)
{
    (void)error;
    account->cents = event->cents;
    return QUIPU_OK;
}
QUIPU_TYPED_HANDLER(on_opened, struct account, struct opened)

static int on_changed(struct account *account, const struct changed *event,
                      quipu_error *error)
{
    (void)error;
    account->cents += event->cents;
    return QUIPU_OK;
}
QUIPU_TYPED_HANDLER(on_changed, struct account, struct changed)

static const quipu_handler account_handlers[] = {
    { .event = &opened, .apply = on_opened_untyped },
    { .event = &changed, .apply = on_changed_untyped },
    { 0 },
};
static const quipu_field account_fields[] = {
    QUIPU_FIELD(struct account, cents),
    { 0 },
};
static const quipu_aggregate_type account_type = {
    .name = "Account",
    .size = sizeof(struct account),
    .fields = account_fields,
    .handlers = account_handlers,
};

static const quipu_event_type *const types[] = { &opened, &changed, &requested,
                                                 &completed };
static const quipu_mapping mapping = {
    .struct_size = sizeof(mapping),
    .types = types,
    .type_count = sizeof(types) / sizeof(*types),
};

/* ------------------------------------------------------------------- store */

void open_bank(struct bank *bank, const char *name)
{
    quipu_schema schema;
    quipu_error error;
    char uri[128];

    *bank = (struct bank){ .requested = 0 };
    (void)snprintf(uri, sizeof(uri), "interposed:///%s", name);
    quipu_schema_init(&schema, sizeof(schema), quipu_schema_stored_events());
    schema.flags |= QUIPU_SCHEMA_TEXT_IDS;
    assert_ok(quipu_datastore_open(uri, NULL, &bank->datastore, &error),
              &error);
    assert_ok(quipu_datastore_setup(bank->datastore, &schema, &error), &error);
    assert_ok(quipu_store_open(bank->datastore, &schema, &mapping, &bank->store,
                               &error),
              &error);
    assert_ok(quipu_repository_open(bank->store, NULL, &account_type,
                                    &bank->accounts, &error),
              &error);
}

void close_bank(struct bank *bank)
{
    quipu_error error;

    quipu_repository_close(bank->accounts);
    assert_ok(quipu_store_close(bank->store, &error), &error);
    assert_ok(quipu_datastore_close(bank->datastore, &error), &error);
}

static void name_id(quipu_id *id, char letter, int64_t number)
{
    quipu_error error;
    char text[32];

    (void)snprintf(text, sizeof(text), "%c-%lld", letter, (long long)number);
    assert_ok(quipu_id_of_text(id, text, &error), &error);
}

static int open_account(quipu_unit *unit, void *context, quipu_error *error)
{
    struct bank *bank = context;

    for (int i = 0; i < ACCOUNTS; i++) {
        quipu_id id;

        name_id(&id, 'a', i);
        struct account *account =
            quipu_unit_new(unit, bank->accounts, &id, error);

        if (!account || QUIPU_TRIGGER(account, opened, error,
                                      .cents = OPENING_CENTS) != QUIPU_OK) {
            return error->code;
        }
    }
    return QUIPU_OK;
}

void open_new_bank(struct bank *bank, char name[96])
{
    static int stores;
    quipu_error error;
    char label[32];

    memset(&interposed, 0, sizeof(interposed));
    (void)snprintf(label, sizeof(label), "bank%d", stores++);
    backend->prepare(label, "durability=relaxed", name);
    open_bank(bank, name);
    assert_ok(
        quipu_unit_run(bank->store, NULL, open_account, bank, NULL, &error),
        &error);
}

void request_transfers(struct bank *bank, int count)
{
    quipu_error error;

    for (int i = 0; i < count; i++) {
        const int64_t number = ++bank->requested;
        struct requested request = {
            .number = number,
            .from = number % ACCOUNTS,
            .to = (number * 7 + 3) % ACCOUNTS,
            .cents = 1 + number % 5,
        };
        const quipu_event *const events[] = { &request.base };
        quipu_id id;

        request.to += request.to == request.from ? 1 : 0;
        request.to %= ACCOUNTS;
        name_id(&id, 't', number);
        quipu_event_init(&request.base, &requested, &id, 0);
        assert_ok(quipu_store_append(bank->store, events, 1, NULL, &error),
                  &error);
    }
}

/* The change of an account. */
struct change {
    struct bank *bank;
    int number;
    int64_t cents;
};

static int apply_change(quipu_unit *unit, void *context, quipu_error *error)
{
    const struct change *change = context;
    quipu_id id;

    name_id(&id, 'a', change->number);
    struct account *account =
        quipu_unit_get(unit, change->bank->accounts, &id, error);

    return account
               ? QUIPU_TRIGGER(account, changed, error, .cents = change->cents)
               : error->code;
}

void change_account(struct bank *bank, int number, int64_t cents)
{
    struct change change = { bank, number, cents };
    quipu_error error;

    assert_ok(
        quipu_unit_run(bank->store, NULL, apply_change, &change, NULL, &error),
        &error);
}

int64_t balance(struct bank *bank, int number)
{
    quipu_error error;
    quipu_id id;

    name_id(&id, 'a', number);
    struct account *account = quipu_repository_get(bank->accounts, &id, &error);

    assert_non_null(account);
    int64_t cents = account->cents;

    quipu_aggregate_destroy(account);
    return cents;
}

/* ------------------------------------------------------------- the process */

static int move_money(quipu_unit *unit, struct transfers *transfers,
                      const struct requested *request, quipu_error *error)
{
    quipu_id from;
    quipu_id to;

    name_id(&from, 'a', request->from);
    name_id(&to, 'a', request->to);
    struct account *payer =
        quipu_unit_get(unit, transfers->bank->accounts, &from, error);
    struct account *payee =
        payer ? quipu_unit_get(unit, transfers->bank->accounts, &to, error)
              : NULL;

    if (!payee) {
        return error->code;
    }
    if (transfers->refuses_overdraft && payer->cents < request->cents) {
        return quipu_error_set(error, QUIPU_INVALID, "not enough money");
    }
    int status = QUIPU_TRIGGER(payer, changed, error, .cents = -request->cents,
                               .transfer = request->number);

    return status == QUIPU_OK
               ? QUIPU_TRIGGER(payee, changed, error, .cents = request->cents,
                               .transfer = request->number)
               : status;
}

static int on_requested(quipu_unit *unit, void *context,
                        const quipu_event *event, quipu_error *error)
{
    struct transfers *transfers = context;
    const struct requested *request = (const void *)event;
    struct completed done = { .number = request->number };
    int status = move_money(unit, transfers, request, error);

    atomic_fetch_add(&transfers->calls, 1);
    if (transfers->conflicts > 0) {
        transfers->conflicts--;
        transfers->meanwhile(transfers);
    }
    if (status == QUIPU_OK && transfers->refused > 0 &&
        request->number % transfers->refused == 0 &&
        !atomic_load(&transfers->is_mended)) {
        return quipu_error_set(error, transfers->refusal, "no such account");
    }
    if (status != QUIPU_OK) {
        return status;
    }
    done.base.type = &completed;
    done.base.originator_id = event->originator_id;
    return quipu_unit_event(unit, &done.base, error);
}

static const quipu_reaction reactions[] = {
    { .event = &requested, .react = on_requested },
    { 0 },
};

const quipu_process_type transfers_type = {
    .name = "transfers",
    .reactions = reactions,
};

quipu_process *open_transfers(struct bank *bank, struct transfers *transfers,
                              quipu_process_options options)
{
    quipu_process *process = NULL;
    quipu_error error;

    transfers->bank = transfers->bank ? transfers->bank : bank;
    options.struct_size = sizeof(options);
    options.context = transfers;
    assert_ok(quipu_process_open(bank->store, &transfers_type, &options,
                                 &process, &error),
              &error);
    return process;
}

int catch_up(quipu_process *process, quipu_error *error)
{
    bool caught_up = false;
    int status = QUIPU_OK;

    while (status == QUIPU_OK && !caught_up) {
        status = quipu_process_step(process, &caught_up, error);
    }
    return status;
}

void run_to_head(quipu_process *process, struct bank *bank)
{
    const struct timespec pause = { .tv_nsec = 20000000 };
    quipu_position head = { .notification_id = 0 };
    quipu_error error;

    assert_ok(
        quipu_records_head(quipu_store_records(bank->store), &head, &error),
        &error);
    for (int i = 0; i < 500; i++) {
        assert_ok(catch_up(process, &error), &error);
        if (tracked(bank->datastore, "transfers") >= head.notification_id) {
            return;
        }
        (void)nanosleep(&pause, NULL);
    }
    fail_msg("the record is not at the head");
}

/* --------------------------------------------------------------- the audit */

/* The events of a transfer that the log has. */
struct seen {
    struct requested request;
    int64_t id; /* notification id of the request */
    quipu_uuid event_id;
    int withdrawn;
    int deposited;
    int completed;
    int64_t done_id; /* of the first of these */
    bool is_parked;
};

struct auditing {
    struct audit *audit;
    struct seen *seen;
    int64_t room;
};

static struct seen *seen_of(struct auditing *auditing, int64_t number)
{
    assert_true(number > 0);
    if (number >= auditing->room) {
        int64_t room = 2 * number + 128;
        struct seen *seen =
            realloc(auditing->seen, (size_t)room * sizeof(*seen));

        assert_non_null(seen);
        memset(seen + auditing->room, 0,
               (size_t)(room - auditing->room) * sizeof(*seen));
        auditing->seen = seen;
        auditing->room = room;
    }
    return &auditing->seen[number];
}

/* Whether an event has the id and the metadata of the n-th event that the
 * transfer's request has caused. */
static bool is_caused(const struct seen *seen, const quipu_event *event,
                      int index)
{
    quipu_metadata *metadata = NULL;
    char cause[QUIPU_UUID_TEXT_SIZE];
    char name[32];
    quipu_uuid expected;
    quipu_error error;
    int size = snprintf(name, sizeof(name), "transfers/%d", index);

    quipu_uuid_of_name(&expected, &seen->event_id, name, (size_t)size);
    quipu_uuid_format(&seen->event_id, cause);
    assert_ok(quipu_metadata_read(event->metadata, &metadata, &error), &error);
    const char *found =
        quipu_metadata_get(metadata, QUIPU_METADATA_CAUSATION_ID);
    bool same = found && strcmp(found, cause) == 0 &&
                memcmp(&expected, &event->event_id, sizeof(expected)) == 0;

    quipu_metadata_destroy(metadata);
    return same;
}

static void audit_event(struct auditing *auditing, const quipu_event *event,
                        int64_t id)
{
    struct audit *audit = auditing->audit;
    struct seen *seen;

    if (event->type == &opened) {
        audit->cents += ((const struct opened *)event)->cents;
    } else if (event->type == &requested) {
        const struct requested *request = (const void *)event;

        seen = seen_of(auditing, request->number);
        seen->request = *request;
        seen->event_id = event->event_id;
        seen->id = id;
        audit->requested++;
    } else if (event->type == &changed) {
        const struct changed *change = (const void *)event;

        audit->cents += change->cents;
        if (change->transfer == 0) {
            audit->cents -= change->cents;
            return;
        }
        seen = seen_of(auditing, change->transfer);
        seen->withdrawn += change->cents < 0;
        seen->deposited += change->cents > 0;
        seen->done_id = seen->done_id > 0 ? seen->done_id : id;
        audit->strange += llabs(change->cents) != seen->request.cents;
        audit->strange += !is_caused(seen, event, change->cents > 0);
    } else {
        seen = seen_of(auditing, ((const struct completed *)event)->number);
        seen->completed++;
        audit->strange += !is_caused(seen, event, 2);
    }
}

static void read_log(struct auditing *auditing, struct bank *bank)
{
    const quipu_event *event = NULL;
    quipu_events *events;
    quipu_error error;

    assert_ok(quipu_store_read_log(bank->store, NULL, &events, &error), &error);
    do {
        assert_ok(quipu_events_next(events, &event, &error), &error);
        if (event) {
            const quipu_item *item = quipu_events_item(events);

            auditing->audit->items++;
            auditing->audit->head = item->notification_id;
            audit_event(auditing, event, item->notification_id);
        }
    } while (event);
    quipu_events_close(events);
}

static void read_parked(struct auditing *auditing, struct bank *bank)
{
    const quipu_parked_event *event = NULL;
    quipu_parked_events *events;
    quipu_error error;
    int status =
        quipu_parked_events_open(bank->datastore, "transfers", &events, &error);

    if (status == QUIPU_UNSUPPORTED) {
        return;
    }
    assert_ok(status, &error);
    do {
        assert_ok(quipu_parked_events_next(events, &event, &error), &error);
        for (int64_t i = 1; event && i < auditing->room; i++) {
            if (auditing->seen[i].id == event->notification_id) {
                auditing->seen[i].is_parked = true;
                auditing->audit->parked++;
            }
        }
    } while (event);
    quipu_parked_events_close(events);
}

static void judge(struct audit *audit, const struct seen *seen)
{
    const bool is_done =
        seen->completed > 0 || seen->withdrawn > 0 || seen->deposited > 0;

    audit->completed += seen->completed > 0;
    audit->twice += seen->completed > 1 || seen->withdrawn > 1 ||
                    seen->deposited > 1 || (is_done && seen->is_parked);
    audit->torn += is_done && (seen->completed == 0 || seen->withdrawn == 0 ||
                               seen->deposited == 0);
    audit->missing += seen->id > 0 && seen->id <= audit->record && !is_done &&
                      !seen->is_parked;
    audit->beyond += seen->id > audit->record && (is_done || seen->is_parked);
}

struct audit audit(struct bank *bank, int64_t record)
{
    struct audit found = { .record = record };
    struct auditing auditing = { .audit = &found };

    if (record < 0) {
        found.record = tracked(bank->datastore, "transfers");
    }
    read_log(&auditing, bank);
    read_parked(&auditing, bank);
    for (int64_t i = 1; i < auditing.room; i++) {
        judge(&found, &auditing.seen[i]);
    }
    free(auditing.seen);
    return found;
}

void assert_audit(const struct audit *audit)
{
    const bool is_exact = audit->twice == 0 && audit->torn == 0 &&
                          audit->missing == 0 && audit->beyond == 0 &&
                          audit->strange == 0 &&
                          audit->cents == (int64_t)ACCOUNTS * OPENING_CENTS;

    if (!is_exact) {
        print_error(
            "record %lld of %lld, %lld requested, %lld completed, %lld parked: "
            "twice %lld, torn %lld, missing %lld, beyond the record %lld, "
            "strange %lld, cents %lld\n",
            (long long)audit->record, (long long)audit->head,
            (long long)audit->requested, (long long)audit->completed,
            (long long)audit->parked, (long long)audit->twice,
            (long long)audit->torn, (long long)audit->missing,
            (long long)audit->beyond, (long long)audit->strange,
            (long long)audit->cents);
    }
    assert_true(is_exact);
}
