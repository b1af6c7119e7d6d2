/* SPDX-License-Identifier: Apache-2.0 */
/* A module that is no driver. */
#include <quipu/types.h>

QUIPU_API int quipu_no_driver(void);

int quipu_no_driver(void)
{
    return 0;
}
