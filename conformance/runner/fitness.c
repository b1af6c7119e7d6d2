/* SPDX-License-Identifier: Apache-2.0 */
/* Which cases are for which store. */
#include "runner.h"

static const struct {
    uint32_t bit;
    const char *absent, *present;
} reasons[] = {
    { QUIPU_CAN_SHARE, "the store is not shared by processes", "shared" },
    { QUIPU_CAN_PERSIST, "the store does not persist", "persistent" },
    { QUIPU_CAN_LOG, "the store keeps no log", "it keeps a log" },
    { QUIPU_CAN_TRACK, "the store keeps no tracking records",
      "it keeps tracking records" },
    { QUIPU_CAN_TRANSACT, "the store runs no function in a transaction",
      "it runs a function in a transaction" },
    { QUIPU_TRAIT_JOINT, "each datastore of this URI is a store of its own",
      "two datastores of this URI are one store" },
    { QUIPU_TRAIT_FILES, "the URI has no {dir}", "the URI has {dir}" },
    { QUIPU_TRAIT_SERVER, "no --stop and --start", "it has a server" },
    { QUIPU_TRAIT_HEAVY, "it is heavy: for the profile full",
      "the profile is not quick" },
};

/* A store that outlives its datastores must show what such a store can: if only
 * the run keeps it from that, it is not for want of a promise. */
static enum quipu_skip kind_of(uint32_t bit, uint32_t traits)
{
    bool lasts = traits & (QUIPU_CAN_PERSIST | QUIPU_CAN_SHARE);
    bool unshown = false;

    switch (bit) {
    case QUIPU_TRAIT_HEAVY:
        return QUIPU_SKIP_PROFILE;
    case QUIPU_TRAIT_JOINT:
        unshown = lasts;
        break;
    case QUIPU_TRAIT_FILES: /* the server is stopped instead */
        unshown = lasts && !(traits & QUIPU_TRAIT_SERVER);
        break;
    case QUIPU_TRAIT_SERVER:
        unshown = lasts && !(traits & QUIPU_TRAIT_FILES);
        break;
    default:
        break;
    }
    return unshown ? QUIPU_SKIP_UNSHOWN : QUIPU_SKIP_UNFIT;
}

const char *quipu_run_refuses(const struct quipu_case *case_, uint32_t traits,
                              enum quipu_skip *skip)
{
    for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++) {
        uint32_t bit = reasons[i].bit;

        if (case_->needs & ~traits & bit) {
            *skip = kind_of(bit, traits);
            return reasons[i].absent;
        }
        if (case_->lacks & traits & bit) {
            *skip = QUIPU_SKIP_UNFIT;
            return reasons[i].present;
        }
    }
    return NULL;
}
