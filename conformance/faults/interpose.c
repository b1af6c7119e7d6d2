/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the next definition of an interposed function. */
#include "interpose.h"

#include <dlfcn.h>
#include <stdlib.h>

/* The union converts the object pointer of dlsym to a function pointer, for
 * which ISO C has no cast. */
void (*interpose_next(const char *name))(void)
{
    union {
        void *object;
        void (*function)(void);
    } symbol = { dlsym(RTLD_NEXT, name) };
    if (!symbol.object) {
        abort();
    }
    return symbol.function;
}
