/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps the program's policy on drivers.
 *
 * The list of accepted schemes is under a mutex, since a check may run while
 * another thread replaces the list.  The flag that forbids loading is set once
 * and never cleared, so that an atomic variable suffices.
 */
#include "driver/policy.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/uri.h"

static atomic_bool loading_forbidden;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static char *allowed; /* comma-separated, NULL: all; under the mutex */

void quipu_policy_forbid_loading(void)
{
    atomic_store(&loading_forbidden, true);
}

bool quipu_policy_may_load(void)
{
    return !atomic_load(&loading_forbidden);
}

/* Returns INVALID if an element of the list is no scheme. */
static int check_list(const char *schemes, quipu_error *error)
{
    const char *at = schemes;

    while (*at) {
        size_t size = strcspn(at, ",");
        int status = quipu_uri_scheme_check(at, size, error);

        if (status != QUIPU_OK) {
            return status;
        }
        at += size;
        if (*at == ',' && *++at == '\0') {
            return quipu_error_set(error, QUIPU_INVALID,
                                   "the list of schemes ends with a comma");
        }
    }
    return QUIPU_OK;
}

static bool list_contains(const char *list, const char *scheme)
{
    size_t size = strlen(scheme);

    while (*list) {
        size_t part = strcspn(list, ",");

        if (part == size && memcmp(list, scheme, size) == 0) {
            return true;
        }
        list += part + (list[part] == ',');
    }
    return false;
}

/* The list outlives all objects of the program, which may then replace its
 * allocator.  Hence strdup and free instead of quipu_allocate. */
int quipu_policy_allow(const char *schemes, quipu_error *error)
{
    char *list = NULL;

    if (schemes) {
        int status = check_list(schemes, error);

        if (status != QUIPU_OK) {
            return status;
        }
        list = strdup(schemes);
        if (!list) {
            return quipu_error_no_memory(error);
        }
    }
    pthread_mutex_lock(&mutex);
    free(allowed);
    allowed = list;
    pthread_mutex_unlock(&mutex);
    return QUIPU_OK;
}

int quipu_policy_check(const char *scheme, quipu_error *error)
{
    bool permitted;

    pthread_mutex_lock(&mutex);
    permitted = !allowed || list_contains(allowed, scheme);
    pthread_mutex_unlock(&mutex);
    if (!permitted) {
        return quipu_error_set(error, QUIPU_DENIED,
                               "this program does not allow the scheme \"%s\"",
                               scheme);
    }
    return QUIPU_OK;
}
