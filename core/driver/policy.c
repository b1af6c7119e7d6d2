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

int quipu_policy_check_list(const char *schemes, quipu_error *error)
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

/* Checks and copies a list.  It outlives all objects of the program, which may
 * then replace its allocator.  Hence strdup and free instead of
 * quipu_allocate. */
static int copy_list(const char *schemes, char **list, quipu_error *error)
{
    int status = quipu_policy_check_list(schemes, error);

    if (status != QUIPU_OK) {
        return status;
    }
    *list = strdup(schemes);
    return *list ? QUIPU_OK : quipu_error_no_memory(error);
}

static void replace_allowed(char *list)
{
    free(allowed);
    allowed = list;
}

int quipu_policy_allow(const char *schemes, quipu_error *error)
{
    char *list = NULL;
    int status = schemes ? copy_list(schemes, &list, error) : QUIPU_OK;

    if (status == QUIPU_OK) {
        pthread_mutex_lock(&mutex);
        replace_allowed(list);
        pthread_mutex_unlock(&mutex);
    }
    return status;
}

/* Removes the elements of a list that another one lacks. */
static void intersect(char *list, const char *other)
{
    char *end = list;

    for (char *at = list, *next = NULL; at; at = next) {
        next = strchr(at, ',');
        if (next) {
            *next++ = '\0';
        }
        if (list_contains(other, at)) {
            size_t size = strlen(at);

            if (end > list) {
                *end++ = ',';
            }
            memmove(end, at, size);
            end += size;
        }
    }
    *end = '\0';
}

int quipu_policy_restrict(const char *schemes, quipu_error *error)
{
    char *list = NULL;
    int status = copy_list(schemes, &list, error);

    if (status == QUIPU_OK) {
        pthread_mutex_lock(&mutex);
        if (allowed) {
            intersect(list, allowed);
        }
        replace_allowed(list);
        pthread_mutex_unlock(&mutex);
    }
    return status;
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
