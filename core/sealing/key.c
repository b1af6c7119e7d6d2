/* SPDX-License-Identifier: Apache-2.0 */
/* Makes and wipes keys. */
#include <errno.h>
#include <sys/random.h>

#include "base/error.h"
#include "sealing/wipe.h"

#include <quipu/sealing.h>

/* The kernel gives up to 256 bytes at once, without being interrupted by a
 * signal, as soon as its generator has been seeded. */
int quipu_key_generate(quipu_key *key, quipu_error *error)
{
    char text[QUIPU_SYSTEM_TEXT_SIZE];

    if (!key) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "quipu_key_generate: the key is NULL");
    }
    if (getrandom(key, sizeof(*key), 0) != (ssize_t)sizeof(*key)) {
        return quipu_error_set_native(
            error, QUIPU_IO, errno, NULL,
            "the system gives no random numbers for a key: %s",
            quipu_error_system_text(errno, text));
    }
    return QUIPU_OK;
}

void quipu_key_wipe(quipu_key *key)
{
    if (key) {
        quipu_wipe(key, sizeof(*key));
    }
}
