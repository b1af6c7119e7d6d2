/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stores in C++: datastores, records, event stores, their cursors and listings,
 * keys and vaults.
 *
 *     quipu::datastore datastore("sqlite:///orders.db");
 *     datastore.setup(quipu_schema_stored_events());
 *     quipu::store store(datastore, quipu_schema_stored_events(),
 *                        quipu::mapping_of<placed, paid>());
 *
 *     const auto event = quipu::make_at<placed>(order, 0, 4200);
 *     store.append({ &event.base });
 *     for (const quipu_event &event : store.read(order)) {
 *         if (const placed *read = quipu::as<placed>(event)) { ... }
 *     }
 *
 * Each function is the function of C that its class and its name say, with the
 * same arguments in the same order and the same codes: `append` of records is
 * quipu_records_append of <quipu/records.h>.  An object that C returns through
 * a pointer is the value returned here.  Arguments that may be NULL in C can be
 * left out at the end.
 *
 * What a cursor or listing lends is valid until its next call, and nothing is
 * copied: quipu::to_view(item.topic) refers to the memory of the cursor.
 *
 * Parameters of the type quipu::borrowed<quipu_store> take a quipu::store as
 * well as a quipu_store *; the object must outlive what is opened from it.
 */
#ifndef QUIPU_CPP_STORE_HPP
#define QUIPU_CPP_STORE_HPP

#include <initializer_list>

#include <quipu/bucket.h>
#include <quipu/consumer.h>
#include <quipu/cpp/describe.hpp>
#include <quipu/entries.h>
#include <quipu/erasure.h>
#include <quipu/projection.h>
#include <quipu/schema.h>
#include <quipu/section.h>
#include <quipu/store.h>
#include <quipu/timer.h>
#include <quipu/vault.h>

namespace quipu {

/* --------------------------------------------------- cursors and listings */

using cursor =
    listing<quipu_cursor, quipu_item, &quipu_cursor_next, &quipu_cursor_close>;
using sequences = listing<quipu_sequences, quipu_sequence,
                          &quipu_sequences_next, &quipu_sequences_close>;
using bucket_reader =
    listing<quipu_bucket_reader, quipu_item, &quipu_bucket_reader_next,
            &quipu_bucket_reader_close>;
using schemas = listing<quipu_schemas, quipu_schema, &quipu_schemas_next,
                        &quipu_schemas_close>;
using logs =
    listing<quipu_logs, quipu_log, &quipu_logs_next, &quipu_logs_close>;
using trackings = listing<quipu_trackings, quipu_tracking,
                          &quipu_trackings_next, &quipu_trackings_close>;
using entries = listing<quipu_entries, quipu_entry, &quipu_entries_next,
                        &quipu_entries_close>;
using consumers = listing<quipu_consumers, quipu_consumer,
                          &quipu_consumers_next, &quipu_consumers_close>;
using timers =
    listing<quipu_timers, quipu_timer, &quipu_timers_next, &quipu_timers_close>;
using parked_events =
    listing<quipu_parked_events, quipu_parked_event, &quipu_parked_events_next,
            &quipu_parked_events_close>;

/* A cursor over events.  `item` is the item of the event that was lent last, or
 * that could not be converted (quipu_events_item). */
class events : public listing<quipu_events, quipu_event, &quipu_events_next,
                              &quipu_events_close> {
public:
    using listing::listing;
    const quipu_item *item() const noexcept { return quipu_events_item(get()); }
};

/* A key-value entry that was read, and a section of the log. */
using entry = handle<quipu_entry, &quipu_entry_destroy>;
using section = handle<quipu_section, &quipu_section_close>;

namespace detail {

/* A function in a transaction of the back end, whose own handle is a
 * Native *. */
template <class Native, class Function>
int work(void *native, void *function, quipu_error *error) noexcept
{
    return guarded(error, [&] {
        return status_of([&] {
            return (*static_cast<Function *>(function))(
                static_cast<Native *>(native));
        });
    });
}

/* ------------------------------------------------------------- datastores */

/* The functions of a datastore, for the classes that own or borrow one. */
template <class Self> class datastore_functions {
public:
    bool setup(const quipu_schema *schema, error *given = nullptr)
    {
        return call(given, quipu_datastore_setup, self(), schema);
    }
    bool alter(const quipu_schema *schema, error *given = nullptr)
    {
        return call(given, quipu_datastore_alter, self(), schema);
    }
    bool teardown(const quipu_schema *schema, error *given = nullptr)
    {
        return call(given, quipu_datastore_teardown, self(), schema);
    }
    bool backup(const quipu_backup &backup, error *given = nullptr)
    {
        return call(given, quipu_backup_create, self(), &backup);
    }
    void interrupt() noexcept { quipu_datastore_interrupt(self()); }
    quipu_datastore_info describe(error *given = nullptr) const
    {
        auto info = sized<quipu_datastore_info>();

        call(given, quipu_datastore_describe, self(), &info);
        return info;
    }

    bool commit(const quipu_append &append, quipu_result *result = nullptr,
                error *given = nullptr)
    {
        return call(given, quipu_datastore_commit, self(), &append, result);
    }
    /* `function` gets the handle of the back end in the transaction:
     *
     *     datastore.transact<sqlite3>(append, [&](sqlite3 *database) { ... });
     */
    template <class Native, class Function>
    bool transact(const quipu_append &append, Function &&function,
                  quipu_result *result = nullptr, error *given = nullptr)
    {
        return call(given, quipu_datastore_transact, self(), &append,
                    &work<Native, std::remove_reference_t<Function>>, &function,
                    result);
    }

    schemas list_schemas(error *given = nullptr)
    {
        return schemas(
            call_to<quipu_schemas *>(given, quipu_schemas_open, self()));
    }
    trackings list_trackings(error *given = nullptr)
    {
        return trackings(
            call_to<quipu_trackings *>(given, quipu_trackings_open, self()));
    }
    logs list_logs(error *given = nullptr)
    {
        return logs(call_to<quipu_logs *>(given, quipu_logs_open, self()));
    }
    quipu_position read_tracking(zstring consumer, zstring log,
                                 error *given = nullptr)
    {
        return call_to<quipu_position>(given, quipu_tracking_read, self(),
                                       consumer.c_str(), log.c_str());
    }
    bool wait_for_tracking(zstring consumer, zstring log,
                           std::int64_t notification_id,
                           std::int64_t milliseconds = -1,
                           error *given = nullptr)
    {
        return call(given, quipu_tracking_wait, self(), consumer.c_str(),
                    log.c_str(), notification_id, milliseconds);
    }

    entry read_entry(zstring key, error *given = nullptr)
    {
        return entry(call_to<quipu_entry *>(given, quipu_entry_read, self(),
                                            key.c_str()));
    }
    entries list_entries(std::string_view prefix = {}, error *given = nullptr)
    {
        return entries(call_to<quipu_entries *>(
            given, quipu_entries_open, self(),
            prefix.empty() ? quipu_bytes{} : to_bytes(prefix)));
    }
    timers list_timers(error *given = nullptr)
    {
        return timers(
            call_to<quipu_timers *>(given, quipu_timers_open, self()));
    }
    parked_events list_parked(zstring consumer, error *given = nullptr)
    {
        return parked_events(call_to<quipu_parked_events *>(
            given, quipu_parked_events_open, self(), consumer.c_str()));
    }
    bool discard_parked(zstring consumer, std::int64_t notification_id,
                        error *given = nullptr)
    {
        return call(given, quipu_parked_event_discard, self(), consumer.c_str(),
                    notification_id);
    }

    /* `logs` null: the logs are in this datastore. */
    consumers list_consumers(borrowed<quipu_datastore> logs = {},
                             error *given = nullptr)
    {
        return consumers(call_to<quipu_consumers *>(given, quipu_consumers_open,
                                                    self(), logs.get()));
    }
    bool reset_consumer(borrowed<quipu_datastore> logs,
                        const quipu_consumer &consumer,
                        std::int64_t notification_id, error *given = nullptr)
    {
        return call(given, quipu_consumer_reset, self(), logs.get(), &consumer,
                    notification_id);
    }
    bool remove_consumer(const quipu_consumer &consumer, error *given = nullptr)
    {
        return call(given, quipu_consumer_remove, self(), &consumer);
    }

private:
    quipu_datastore *self() const noexcept
    {
        return static_cast<const Self *>(this)->get();
    }
};

} // namespace detail

class datastore
    : public handle<quipu_datastore, &quipu_datastore_close, closing::refused>,
      public detail::datastore_functions<datastore> {
public:
    datastore() noexcept = default;
    explicit datastore(zstring uri, const quipu_settings *settings = nullptr,
                       error *given = nullptr)
        : handle(detail::call_to<quipu_datastore *>(given, quipu_datastore_open,
                                                    uri.c_str(), settings))
    {
    }
};
class datastore_ref : public borrowed<quipu_datastore>,
                      public detail::datastore_functions<datastore_ref> {
public:
    using borrowed::borrowed;
};

/* ---------------------------------------------------------------- records */

namespace detail {

template <class Self> class records_functions {
public:
    const quipu_schema *schema() const noexcept
    {
        return quipu_records_schema(self());
    }
    datastore_ref parent() const noexcept
    {
        return quipu_records_datastore(self());
    }

    bool append(const quipu_append &append, quipu_result *result = nullptr,
                error *given = nullptr)
    {
        return call(given, quipu_records_append, self(), &append, result);
    }
    /* As transact of datastores. */
    template <class Native, class Function>
    bool transact(const quipu_append &append, Function &&function,
                  quipu_result *result = nullptr, error *given = nullptr)
    {
        return call(given, quipu_records_transact, self(), &append,
                    &work<Native, std::remove_reference_t<Function>>, &function,
                    result);
    }

    cursor read(quipu_bytes sequence_id, const quipu_query *query = nullptr,
                error *given = nullptr)
    {
        return cursor(call_to<quipu_cursor *>(given, quipu_records_read, self(),
                                              sequence_id, query));
    }
    cursor read_log(const quipu_query *query = nullptr, error *given = nullptr)
    {
        return cursor(call_to<quipu_cursor *>(given, quipu_records_read_log,
                                              self(), query));
    }
    cursor read_filtered(const quipu_query *query, const quipu_filter *filter,
                         error *given = nullptr)
    {
        return cursor(call_to<quipu_cursor *>(
            given, quipu_records_read_filtered, self(), query, filter));
    }
    cursor find_event(const quipu_uuid &event_id, error *given = nullptr)
    {
        return cursor(call_to<quipu_cursor *>(given, quipu_records_find_event,
                                              self(), &event_id));
    }
    std::int64_t last(quipu_bytes sequence_id, error *given = nullptr)
    {
        return call_to<std::int64_t>(given, quipu_records_last, self(),
                                     sequence_id);
    }
    sequences list_sequences(quipu_bytes after = {}, error *given = nullptr)
    {
        return sequences(call_to<quipu_sequences *>(given, quipu_sequences_open,
                                                    self(), after));
    }
    bucket_reader read_buckets(const quipu_bucketed_log &log,
                               const quipu_query &query, error *given = nullptr)
    {
        return bucket_reader(call_to<quipu_bucket_reader *>(
            given, quipu_bucket_reader_open, self(), &log, &query));
    }
    section read_section(zstring name, std::uint32_t size,
                         error *given = nullptr)
    {
        return section(call_to<quipu_section *>(given, quipu_section_open,
                                                self(), name.c_str(), size));
    }

    quipu_position head(error *given = nullptr)
    {
        return call_to<quipu_position>(given, quipu_records_head, self());
    }
    quipu_position position(std::int64_t notification_id,
                            error *given = nullptr)
    {
        return call_to<quipu_position>(given, quipu_records_position, self(),
                                       notification_id);
    }
    bool check_position(const quipu_position &position, error *given = nullptr)
    {
        return call(given, quipu_records_check_position, self(), &position);
    }
    /* Returns the head of the log; a failure is also TIMEOUT. */
    std::int64_t wait(std::int64_t after, std::int64_t milliseconds = -1,
                      error *given = nullptr)
    {
        return call_to<std::int64_t>(given, quipu_records_wait, self(), after,
                                     milliseconds);
    }

    /* *erased is set also on failure. */
    bool erase(const quipu_erasure &erasure, std::int64_t *erased = nullptr,
               error *given = nullptr)
    {
        return call(given, quipu_records_erase, self(), &erasure, erased);
    }
    std::int64_t erasable(const quipu_erasure &erasure, error *given = nullptr)
    {
        return call_to<std::int64_t>(given, quipu_records_erasable, self(),
                                     &erasure);
    }
    std::int64_t erasures(error *given = nullptr)
    {
        return call_to<std::int64_t>(given, quipu_records_erasures, self());
    }

private:
    quipu_records *self() const noexcept
    {
        return static_cast<const Self *>(this)->get();
    }
};

} // namespace detail

class records
    : public handle<quipu_records, &quipu_records_close, closing::refused>,
      public detail::records_functions<records> {
public:
    records() noexcept = default;
    records(borrowed<quipu_datastore> datastore, const quipu_schema *schema,
            error *given = nullptr)
        : handle(detail::call_to<quipu_records *>(given, quipu_records_open,
                                                  datastore.get(), schema))
    {
    }
};
class records_ref : public borrowed<quipu_records>,
                    public detail::records_functions<records_ref> {
public:
    using borrowed::borrowed;
};

/* ------------------------------------------------------------ event stores */

/* A list of events to append, each the `base` of its struct. */
using event_list = std::initializer_list<const quipu_event *>;

namespace detail {

template <class Self> class store_functions {
public:
    records_ref records() const noexcept { return quipu_store_records(self()); }
    const quipu_mapper *mapper() const noexcept
    {
        return quipu_store_mapper(self());
    }

    bool append(event_list events, quipu_result *result = nullptr,
                error *given = nullptr)
    {
        return append(events.begin(), events.size(), result, given);
    }
    bool append(const quipu_event *const *events, std::size_t count,
                quipu_result *result = nullptr, error *given = nullptr)
    {
        return call(given, quipu_store_append, self(), events, count, result);
    }
    bool append_expecting(const quipu_expected &expected, event_list events,
                          quipu_result *result = nullptr,
                          error *given = nullptr)
    {
        return call(given, quipu_store_append_expecting, self(), &expected,
                    events.begin(), events.size(), result);
    }

    events read(const quipu_id &id, const quipu_query *query = nullptr,
                error *given = nullptr)
    {
        return events(call_to<quipu_events *>(given, quipu_store_read, self(),
                                              &id, query));
    }
    events read_log(const quipu_query *query = nullptr, error *given = nullptr)
    {
        return events(call_to<quipu_events *>(given, quipu_store_read_log,
                                              self(), query));
    }
    owned_event last(const quipu_id &id, error *given = nullptr)
    {
        return owned_event(
            call_to<quipu_event *>(given, quipu_store_last, self(), &id));
    }

private:
    quipu_store *self() const noexcept
    {
        return static_cast<const Self *>(this)->get();
    }
};

} // namespace detail

class store : public handle<quipu_store, &quipu_store_close, closing::refused>,
              public detail::store_functions<store> {
public:
    store() noexcept = default;
    store(borrowed<quipu_datastore> datastore, const quipu_schema *schema,
          const quipu_mapping &mapping, error *given = nullptr)
        : handle(detail::call_to<quipu_store *>(
              given, quipu_store_open, datastore.get(), schema, &mapping))
    {
    }
};
class store_ref : public borrowed<quipu_store>,
                  public detail::store_functions<store_ref> {
public:
    using borrowed::borrowed;
};

/* ------------------------------------------------------- mappers, and keys */

/* A mapper of its own, and lists of items that it has made (mapper.h). */
class mapper : public handle<quipu_mapper, &quipu_mapper_close> {
public:
    mapper() noexcept = default;
    mapper(const quipu_schema *schema, const quipu_mapping &mapping,
           error *given = nullptr)
        : handle(detail::call_to<quipu_mapper *>(given, quipu_mapper_open,
                                                 schema, &mapping))
    {
    }
    owned_event event(const quipu_item &item, error *given = nullptr) const
    {
        return owned_event(detail::call_to<quipu_event *>(
            given, quipu_mapper_event, get(), &item));
    }
};
class items : public handle<quipu_items, &quipu_items_destroy> {
public:
    items() noexcept = default;
    explicit items(const quipu_mapper *mapper, error *given = nullptr)
        : handle(
              detail::call_to<quipu_items *>(given, quipu_items_create, mapper))
    {
    }
    bool add(const quipu_event &event, error *given = nullptr)
    {
        return detail::call(given, quipu_items_add, get(), &event);
    }
    bool add_next(const quipu_event &event, error *given = nullptr)
    {
        return detail::call(given, quipu_items_add_next, get(), &event);
    }
    void clear() noexcept { quipu_items_clear(get()); }
    quipu_item *array(std::size_t *count) noexcept
    {
        return quipu_items_array(get(), count);
    }
};

/* A key ring in memory (sealing.h), of a file or of keys. */
class keyring : public handle<quipu_keyring, &quipu_keyring_close> {
public:
    keyring() noexcept = default;
    explicit keyring(zstring path, error *given = nullptr)
        : handle(detail::call_to<quipu_keyring *>(given, quipu_keyring_open,
                                                  path.c_str()))
    {
    }
    keyring(const quipu_key *keys, std::size_t count, error *given = nullptr)
        : handle(detail::call_to<quipu_keyring *>(given, quipu_keyring_create,
                                                  keys, count))
    {
    }
    const quipu_keys *keys() const noexcept
    {
        return quipu_keyring_keys(get());
    }
};

/* Keys of persons (vault.h). */
class vault : public handle<quipu_vault, &quipu_vault_close> {
public:
    vault() noexcept = default;
    explicit vault(const quipu_vault_options &options, error *given = nullptr)
        : handle(
              detail::call_to<quipu_vault *>(given, quipu_vault_open, &options))
    {
    }
    const quipu_keys *keys() noexcept { return quipu_vault_keys(get()); }
    bool forget(quipu_bytes subject, error *given = nullptr)
    {
        return detail::call(given, quipu_vault_forget, get(), subject);
    }
    /* NOT_FOUND: the subject has not been forgotten. */
    quipu_time forgotten(quipu_bytes subject, error *given = nullptr)
    {
        return detail::call_to<quipu_time>(given, quipu_vault_forgotten, get(),
                                           subject);
    }
    bool rotate(quipu_bytes subject = {}, error *given = nullptr)
    {
        return detail::call(given, quipu_vault_rotate, get(), subject);
    }
    std::int64_t rewrap(error *given = nullptr)
    {
        return detail::call_to<std::int64_t>(given, quipu_vault_rewrap, get());
    }
};

} // namespace quipu

#endif
