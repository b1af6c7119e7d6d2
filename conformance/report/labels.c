/* SPDX-License-Identifier: Apache-2.0 */
/* Labels of enumerations and trait bits. */
#include "labels.h"

#include <string.h>

static const char *const profiles[] = { "quick", "full", "soak" };

const char *quipu_labels_profile(enum quipu_profile profile)
{
    return profiles[profile];
}

bool quipu_labels_find_profile(const char *name, enum quipu_profile *profile)
{
    for (unsigned i = 0; i < sizeof(profiles) / sizeof(*profiles); i++) {
        if (strcmp(name, profiles[i]) == 0) {
            *profile = (enum quipu_profile)i;
            return true;
        }
    }
    return false;
}

const char *quipu_labels_verdict(enum quipu_verdict verdict)
{
    static const char *const words[] = { "passed", "failed", "skipped" };

    return words[verdict];
}

const char *quipu_labels_skip(enum quipu_skip skip)
{
    static const char *const words[] = { "inapplicable", "profile", "untested",
                                         "unwritten" };

    return words[skip];
}

const char *quipu_labels_skip_phrase(enum quipu_skip skip)
{
    static const char *const phrases[] = { "not for this store",
                                           "for a longer profile", "NOT TESTED",
                                           "NOT WRITTEN YET" };

    return phrases[skip];
}

static const struct quipu_trait_label traits[] = {
    { QUIPU_CAN_LOG, "log", true },
    { QUIPU_CAN_TRACK, "tracking", true },
    { QUIPU_CAN_TRANSACT, "transact", true },
    { QUIPU_CAN_BACKUP, "backup", true },
    { QUIPU_CAN_ENTRIES, "entries", true },
    { QUIPU_CAN_ERASE, "erase", true },
    { QUIPU_CAN_SCRUB, "scrub", true },
    { QUIPU_CAN_SHARE_FLUSH, "shared flush", true },
    { QUIPU_CAN_SHARE, "shared", true },
    { QUIPU_CAN_PERSIST, "persistent", true },
    { QUIPU_TRAIT_MULTI_OPEN, "one store behind the URI", false },
    { QUIPU_TRAIT_FILES, "{dir} in the URI", false },
    { QUIPU_TRAIT_SERVER, "--stop and --start", false },
    { QUIPU_TRAIT_HEAVY, "--profile full", false },
};

struct quipu_trait_label quipu_labels_trait(size_t index)
{
    static const struct quipu_trait_label none = { 0, NULL, false };

    return index < sizeof(traits) / sizeof(*traits) ? traits[index] : none;
}
