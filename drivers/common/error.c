/* SPDX-License-Identifier: Apache-2.0 */
/* Errors of system calls, as statuses with a message; and the passing on of an
 * error that was kept back. */
#include "error.h"

#include <errno.h>
#include <string.h>

static const char check_access[] =
    "check the permissions of the file and of its folder, or open it with "
    "readonly=yes";

int quipu_common_error_check_host(const quipu_host *host, quipu_error *error)
{
    if (QUIPU_HOST_HAS(host, option_number)) {
        return QUIPU_OK;
    }
    return host->error_set(error, QUIPU_UNSUPPORTED, 0, NULL,
                           "this driver is newer than the quipu that has "
                           "loaded it; upgrade libquipu");
}

bool quipu_common_error_is_denied(int number)
{
    return number == EACCES || number == EPERM || number == EROFS;
}

/* glibc's strerrordesc_np is the same in all locales and safe in all threads.
 * musl does not have it; the texts of its strerror are constants. */
#ifdef __GLIBC__
#define HAS_DESCRIPTIONS __GLIBC_PREREQ(2, 32)
#else
#define HAS_DESCRIPTIONS 0
#endif

const char *quipu_common_error_describe(int number)
{
#if HAS_DESCRIPTIONS
    const char *text = strerrordesc_np(number);
#else
    const char *text = strerror(number);
#endif
    return text ? text : "unknown error";
}

int quipu_common_error_set_system(const quipu_host *host, const char *path,
                                  int number, const char *what,
                                  quipu_error *error)
{
    const bool denied = quipu_common_error_is_denied(number);
    const int status = denied             ? QUIPU_DENIED
                       : number == ENOMEM ? QUIPU_NO_MEMORY
                                          : QUIPU_IO;

    return host->error_set(error, status, number, NULL,
                           "cannot %s \"%s\": %s%s%s", what, path,
                           quipu_common_error_describe(number),
                           denied ? "; " : "", denied ? check_access : "");
}

int quipu_common_error_pass(int status, const quipu_error *own,
                            quipu_error *error)
{
    if (status != QUIPU_OK && error) {
        *error = *own;
    }
    return status;
}
