/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptions: the tables that C++ writes are those of the macros of C. */
#include <array>
#include <cstring>

#include "all_fields.h"
#include "bank.hpp"

namespace {

struct described {
    ALL_FIELDS

    static auto describe();
};

} // namespace

template <> struct quipu::description<all_part> {
    static auto get()
    {
        return quipu::as_struct(quipu::field<&all_part::cents>.by_default(7),
                                quipu::nullable<&all_part::what>);
    }
};

namespace {

auto described::describe()
{
    using quipu::field;
    using quipu::nullable;
    using quipu::optional;

    return quipu::as_event(
        "All.Fields", field<&described::yes>, field<&described::int8>,
        field<&described::int16>, field<&described::int32>,
        quipu::alias<&described::int32>("number"), field<&described::int64>,
        field<&described::uint8>, field<&described::uint64>,
        field<&described::single_real>, field<&described::real>,
        field<&described::text>.by_default("none"), nullable<&described::note>,
        field<&described::currency>.by_default("EUR"), field<&described::bytes>,
        nullable<&described::some_bytes>, field<&described::uuid>,
        field<&described::time_of_day>, field<&described::id>,
        optional<&described::limit, &described::has_limit>,
        quipu::array<&described::numbers, &described::number_count>,
        field<&described::part>,
        optional<&described::other, &described::has_other>,
        quipu::array<&described::parts, &described::part_count>,
        field<&described::customer>,
        field<&described::name>.personal<&described::customer>("(gone)"),
        nullable<&described::phone>.personal_of_originator(),
        optional<&described::age, &described::has_age> //
            .personal<&described::customer>(),
        quipu::array<&described::emails, &described::email_count> //
            .personal<&described::customer>(),
        field<&described::secret>.personal<&described::customer>(),
        quipu::ignored<&described::scratch>,
        field<&described::fee>.by_default(-5));
}

/* A default is compared by its bytes; that of a text by its characters. */
void assert_same_default(const quipu_field &own, const quipu_field &expected)
{
    assert_int_equal(own.fallback != nullptr, expected.fallback != nullptr);
    if (!own.fallback) {
        return;
    }
    if (own.kind == QUIPU_KIND_TEXT) {
        assert_string_equal(
            *static_cast<const char *const *>(own.fallback),
            *static_cast<const char *const *>(expected.fallback));
    } else {
        assert_memory_equal(own.fallback, expected.fallback, own.size);
    }
}

void assert_same_table(const quipu_field *own, const quipu_field *expected)
{
    for (; expected->name; own++, expected++) {
        assert_non_null(own->name);
        assert_string_equal(own->name, expected->name);
        assert_int_equal(own->kind, expected->kind);
        assert_int_equal(own->flags, expected->flags);
        assert_int_equal(own->offset, expected->offset);
        assert_int_equal(own->size, expected->size);
        assert_int_equal(own->extra, expected->extra);
        assert_int_equal(own->owner_size, expected->owner_size);
        assert_int_equal(own->owner_alignment, expected->owner_alignment);
        assert_int_equal(own->alignment, expected->alignment);
        assert_int_equal(own->mark, expected->mark);
        assert_same_default(*own, *expected);
        assert_int_equal(own->fields != nullptr, expected->fields != nullptr);
        if (own->fields) {
            assert_same_table(own->fields, expected->fields);
        }
    }
    assert_null(own->name);
}

void tables_are_those_of_c(void **)
{
    const quipu_event_type &type = quipu::type<described>();
    quipu_error error;

    assert_string_equal(type.topic, all_fields_type.topic);
    assert_int_equal(type.size, all_fields_type.size);
    assert_int_equal(type.field_count, all_fields_type.field_count);
    assert_same_table(type.fields, all_fields_type.fields);
    if (quipu_event_type_check(&type, &error) != QUIPU_OK) {
        fail_msg("%s", error.message);
    }
}

struct forgetful {
    quipu_event base;
    std::int64_t described;
    std::int64_t forgotten;

    static auto describe()
    {
        return quipu::as_event("Forgetful",
                               quipu::field<&forgetful::described>);
    }
};

void members_without_a_field_are_found(void **)
{
    quipu_error error;

    assert_int_equal(quipu_event_type_check(&quipu::type<forgetful>(), &error),
                     QUIPU_INVALID);
    assert_non_null(std::strstr(error.message, "described"));
    assert_non_null(std::strstr(error.message, "forgetful"));
}

enum class colour : std::uint8_t { red, green = 200 };

struct line {
    std::int32_t cents;
    const char *what;

    static auto describe()
    {
        return quipu::as_struct(quipu::field<&line::cents>,
                                quipu::field<&line::what>);
    }
};

struct ordered {
    quipu_event base;
    colour of;
    quipu::span<line> lines;
    quipu::span<std::int16_t> numbers;

    static auto describe()
    {
        return quipu::as_event("Ordered", quipu::field<&ordered::of>,
                               quipu::field<&ordered::lines>.named("items"),
                               quipu::field<&ordered::numbers>);
    }
};

void spans_and_enumerations_come_back(void **)
{
    quipu::datastore datastore("sqlite:///:memory:");
    datastore.setup(quipu_schema_stored_events());
    quipu::store store(datastore, quipu_schema_stored_events(),
                       quipu::mapping_of<ordered>());
    const quipu_id id = quipu::to_id(quipu::new_uuid());
    const std::string name = "cord";
    const std::vector<line> lines = { { 5, name.c_str() }, { 6, "knot" } };
    const std::vector<std::int16_t> none;
    const auto event =
        quipu::make_at<ordered>(id, 0, colour::green, lines, none);

    store.append({ &event.base });
    const quipu::owned_event last = store.last(id);
    const auto *read = quipu::as<ordered>(*last.get());

    assert_non_null(read);
    assert_null(quipu::as<deposited>(*last.get()));
    assert_true(read->of == colour::green);
    assert_int_equal(read->lines.size(), 2);
    assert_string_equal(read->lines[0].what, "cord");
    assert_int_equal(read->lines[1].cents, 6);
    assert_true(read->numbers.empty());
    const quipu::owned_event copied = quipu::copy(*last.get());
    assert_string_equal(quipu::as<ordered>(*copied.get())->lines[1].what,
                        "knot");
    assert_string_equal(quipu::type<ordered>().fields[1].name, "items");
}

/* An event of version 1, and what became of it. */
struct paid_once {
    quipu_event base;
    double amount;

    static auto describe()
    {
        return quipu::as_event("Zahlung", quipu::field<&paid_once::amount>);
    }
};

void to_cents(quipu_rewrite *members)
{
    double amount = 0;

    if (!quipu_rewrite_real(members, "amount", &amount)) {
        throw quipu::exception(QUIPU_CORRUPT, "no amount");
    }
    if (amount < 0) {
        throw odd("less than nothing");
    }
    quipu_rewrite_set_int(members, "cents",
                          static_cast<std::int64_t>(amount * 100));
}
int with_currency(quipu_rewrite *members, quipu_error *)
{
    quipu_rewrite_set_text(members, "currency", quipu::to_bytes("EUR"));
    return QUIPU_OK;
}

struct paid {
    quipu_event base;
    std::int64_t cents;
    char currency[4];

    static auto describe()
    {
        return quipu::as_event(
            "Paid", quipu::field<&paid::cents>, quipu::field<&paid::currency>,
            quipu::cast<1, to_cents>, quipu::cast<2, with_currency>,
            quipu::formerly{ "Zahlung" });
    }
};

void earlier_versions_are_cast(void **)
{
    quipu::datastore datastore("sqlite:///:memory:");
    datastore.setup(quipu_schema_stored_events());
    const quipu_id id = quipu::to_id(quipu::new_uuid());
    {
        quipu::store store(datastore, quipu_schema_stored_events(),
                           quipu::mapping_of<paid_once>());
        const auto first = quipu::make_at<paid_once>(id, 0, 1.5);
        const auto second = quipu::make_at<paid_once>(id, 1, -1.0);

        store.append({ &first.base, &second.base });
    }
    quipu::store store(datastore, quipu_schema_stored_events(),
                       quipu::mapping_of<paid>());
    auto events = store.read(id);
    quipu::error error;

    assert_int_equal(quipu::type<paid>().traits->version, 3);
    const auto *read = quipu::as<paid>(*events.next());
    assert_int_equal(read->cents, 150);
    assert_string_equal(read->currency, "EUR");
    assert_null(events.next(&error)); /* the second one's cast throws */
    assert_int_equal(error.code, QUIPU_CORRUPT);
    assert_non_null(std::strstr(error.message, "less than nothing"));
    assert_non_null(events.item());
}

void texts_and_lists_belong_to_the_aggregate(void **)
{
    auto owned = quipu::aggregate<account>::create();
    quipu::error error;

    assert_null(owned->note.c_str());
    assert_true(owned->note.view().empty());
    assert_true(owned->note.set("a"));
    assert_true(owned->note.set(std::string("longer than before")));
    assert_true(owned->note.set(owned->note.view().substr(0, 6)));
    assert_string_equal(owned->note.c_str(), "longer");
    assert_false(owned->note.set(std::string_view("a\0b", 3), &error));
    assert_int_equal(error.code, QUIPU_INVALID);
    for (int i = 0; i < 100; i++) {
        *owned->movements.add() = i;
    }
    assert_int_equal(owned->movements.size(), 100);
    assert_int_equal(owned->movements[99], 99);
    std::int64_t sum = 0;
    for (const std::int64_t cents : owned->movements) {
        sum += cents;
    }
    assert_int_equal(sum, 4950);
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(tables_are_those_of_c),
        cmocka_unit_test(members_without_a_field_are_found),
        cmocka_unit_test(spans_and_enumerations_come_back),
        cmocka_unit_test(earlier_versions_are_cast),
        cmocka_unit_test(texts_and_lists_belong_to_the_aggregate),
    };

    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
