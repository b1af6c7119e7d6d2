/* SPDX-License-Identifier: Apache-2.0 */
/* Checks the traits of event types, and looks them up. */
#include "event/traits.h"

#include <string.h>

#include "base/checksum.h"
#include "base/error.h"
#include "base/structs.h"
#include "base/utf8.h"

int quipu_traits_check_topic(const char *topic, const char *what,
                             quipu_error *error)
{
    const size_t size = topic ? strlen(topic) : 0;

    if (size == 0) {
        return quipu_error_set(error, QUIPU_INVALID, "%s has no topic", what);
    }
    if (size > QUIPU_ID_MAX ||
        !quipu_utf8_valid((quipu_bytes){ topic, size })) {
        return quipu_error_set(
            error, QUIPU_INVALID,
            "%s's topic must be 1 to 255 bytes of UTF-8; this is not: %.300s",
            what, topic);
    }
    return QUIPU_OK;
}

quipu_event_traits quipu_traits_of(const quipu_event_type *type)
{
    quipu_event_traits traits = { .struct_size = sizeof(traits) };

    if (type->traits) {
        (void)quipu_struct_take(&traits, sizeof(traits), type->traits, "traits",
                                NULL);
    }
    traits.version += !traits.version;
    return traits;
}

/* ------------------------------------------------------------------ casts */

static bool is_end(const quipu_cast *cast)
{
    return cast->from == 0 && !cast->cast;
}

quipu_cast_function quipu_traits_cast(const quipu_event_traits *traits,
                                      uint32_t version)
{
    for (const quipu_cast *cast = traits->casts; cast && !is_end(cast);
         cast++) {
        if (cast->from == version) {
            return cast->cast;
        }
    }
    return NULL;
}

static int refuse_cast(const quipu_event_type *type, uint32_t version,
                       const char *why, quipu_error *error)
{
    return quipu_error_set(error, QUIPU_INVALID,
                           "event type %s: the cast from version %lu %s",
                           type->topic, (unsigned long)version, why);
}

static int check_cast(const quipu_event_type *type,
                      const quipu_event_traits *traits, const quipu_cast *cast,
                      quipu_error *error)
{
    if (!cast->cast) {
        return refuse_cast(type, cast->from, "has no function", error);
    }
    if (cast->reserved || cast->reserved2[0] || cast->reserved2[1]) {
        return refuse_cast(type, cast->from,
                           "has a reserved member that is not 0", error);
    }
    if (cast->from == 0 || cast->from >= traits->version) {
        return refuse_cast(type, cast->from,
                           "leads to no version: the first one is 1, and the "
                           "last one is the version of the traits",
                           error);
    }
    for (const quipu_cast *other = traits->casts; other != cast; other++) {
        if (other->from == cast->from) {
            return refuse_cast(type, cast->from, "occurs twice", error);
        }
    }
    return QUIPU_OK;
}

/* There are as many casts as versions before the last one, if none occurs
 * twice; the loop ends at the first one that is missing. */
static int check_casts(const quipu_event_type *type,
                       const quipu_event_traits *traits, quipu_error *error)
{
    int status = QUIPU_OK;

    for (const quipu_cast *cast = traits->casts;
         cast && !is_end(cast) && status == QUIPU_OK; cast++) {
        status = check_cast(type, traits, cast, error);
    }
    for (uint32_t version = 1; status == QUIPU_OK && version < traits->version;
         version++) {
        if (!quipu_traits_cast(traits, version)) {
            return refuse_cast(type, version,
                               "is missing: each version before that of the "
                               "traits needs one",
                               error);
        }
    }
    return status;
}

/* ---------------------------------------------------------------- aliases */

size_t quipu_traits_alias_count(const quipu_event_traits *traits)
{
    size_t count = 0;

    while (traits->aliases && traits->aliases[count]) {
        count++;
    }
    return count;
}

static int check_alias(const quipu_event_type *type,
                       const quipu_event_traits *traits, size_t index,
                       quipu_error *error)
{
    const char *alias = traits->aliases[index];
    int status = quipu_traits_check_topic(alias, "an alias", error);

    if (status != QUIPU_OK) {
        return status;
    }
    if (strcmp(alias, type->topic) == 0) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "event type %s has its own topic as an alias",
                               type->topic);
    }
    for (size_t i = 0; i < index; i++) {
        if (strcmp(traits->aliases[i], alias) == 0) {
            return quipu_error_set(error, QUIPU_INVALID,
                                   "event type %s has the alias %s twice",
                                   type->topic, alias);
        }
    }
    return QUIPU_OK;
}

int quipu_traits_check(const quipu_event_type *type, quipu_error *error)
{
    quipu_event_traits traits = { .struct_size = 0 };
    int status = QUIPU_OK;

    if (!type->traits) {
        return QUIPU_OK;
    }
    status = quipu_struct_take(&traits, sizeof(traits), type->traits,
                               "the traits of an event type", error);
    if (status != QUIPU_OK) {
        return status;
    }
    status = check_casts(type, &traits, error);
    for (size_t i = 0;
         traits.aliases && traits.aliases[i] && status == QUIPU_OK; i++) {
        status = check_alias(type, &traits, i, error);
    }
    return status;
}

/* ----------------------------------------------------------------- layout */

uint64_t quipu_traits_layout(uint64_t sum, const quipu_event_type *type)
{
    const quipu_event_traits traits = quipu_traits_of(type);

    sum = quipu_checksum_number(sum, traits.version);
    for (size_t i = 0; traits.aliases && traits.aliases[i]; i++) {
        sum = quipu_checksum(sum, traits.aliases[i], strlen(traits.aliases[i]));
        sum = quipu_checksum_number(sum, 1);
    }
    return quipu_checksum_number(sum, 0);
}
