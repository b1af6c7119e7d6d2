/* SPDX-License-Identifier: Apache-2.0 */
/* Reads and writes the caller's structs that begin with `struct_size`. */
#include "records/structs.h"

#include <string.h>

#include "base/error.h"

/* No struct of quipu comes near it: more is a struct that was not filled. */
#define SIZE_MAX_MEANT 4096u

/* A size that cuts a member in two would make half a pointer of it. */
static bool is_meant(uint32_t size)
{
    return size >= 2 * sizeof(uint32_t) && size <= SIZE_MAX_MEANT &&
           size % sizeof(void *) == 0;
}

static int size_of(const void *given, const char *what, uint32_t *size,
                   quipu_error *error)
{
    if (!given) {
        return quipu_error_set(error, QUIPU_INVALID, "%s is NULL", what);
    }
    memcpy(size, given, sizeof(*size));
    if (!is_meant(*size)) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "%s has struct_size %lu; set it to the sizeof "
                               "the struct",
                               what, (unsigned long)*size);
    }
    return QUIPU_OK;
}

static bool is_zero(const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

int quipu_struct_take(void *local, uint32_t known, const void *given,
                      const char *what, quipu_error *error)
{
    uint32_t size;
    int status = size_of(given, what, &size, error);
    if (status != QUIPU_OK) {
        return status;
    }
    if (size > known &&
        !is_zero((const unsigned char *)given + known, size - known)) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "%s has a member set that this version of "
                               "quipu does not know",
                               what);
    }
    if (size < known) {
        memset((unsigned char *)local + size, 0, known - size);
    }
    memcpy(local, given, size < known ? size : known);
    memcpy(local, &known, sizeof(known));
    return QUIPU_OK;
}

int quipu_struct_give(void *given, const void *local, uint32_t known,
                      const char *what, quipu_error *error)
{
    uint32_t size;
    int status = size_of(given, what, &size, error);
    if (status != QUIPU_OK) {
        return status;
    }
    memcpy(given, local, size < known ? size : known);
    memcpy(given, &size, sizeof(size));
    if (size > known) {
        memset((unsigned char *)given + known, 0, size - known);
    }
    return QUIPU_OK;
}
