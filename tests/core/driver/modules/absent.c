/* SPDX-License-Identifier: Apache-2.0 */
/* A library that is missing when needy.so is loaded. */
#include <quipu/types.h>

QUIPU_API int quipu_test_absent(void);

int quipu_test_absent(void)
{
    return 0;
}
