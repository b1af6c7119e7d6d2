/* SPDX-License-Identifier: Apache-2.0 */
/* Reads and writes the caller's structs that begin with `struct_size`. */
#include "base/structs.h"

#include <string.h>

#include "base/error.h"

/* No struct of quipu is nearly as large.  A larger struct_size is the value of
 * an uninitialised struct. */
#define SIZE_LIMIT 4096u

/* A size that is no multiple of a pointer's size would end inside a member, and
 * half a pointer would be copied. */
static bool is_plausible(uint32_t size)
{
    return size >= 2 * sizeof(uint32_t) && size <= SIZE_LIMIT &&
           size % sizeof(void *) == 0;
}

static int size_of(const void *given, const char *name, uint32_t *size,
                   quipu_error *error)
{
    if (!given) {
        return quipu_error_set(error, QUIPU_INVALID, "%s is NULL", name);
    }
    memcpy(size, given, sizeof(*size));
    if (!is_plausible(*size)) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "%s has struct_size %lu; set it to the sizeof "
                               "the struct",
                               name, (unsigned long)*size);
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
                      const char *name, quipu_error *error)
{
    uint32_t size = 0;
    int status = size_of(given, name, &size, error);
    if (status != QUIPU_OK) {
        return status;
    }
    if (size > known &&
        !is_zero((const unsigned char *)given + known, size - known)) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "%s has a member set that this version of "
                               "quipu does not know",
                               name);
    }
    if (size < known) {
        memset((unsigned char *)local + size, 0, known - size);
    }
    memcpy(local, given, size < known ? size : known);
    memcpy(local, &known, sizeof(known));
    return QUIPU_OK;
}

int quipu_struct_give(void *given, const void *local, uint32_t known,
                      const char *name, quipu_error *error)
{
    uint32_t size = 0;
    int status = size_of(given, name, &size, error);
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
