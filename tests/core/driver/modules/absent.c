/* SPDX-License-Identifier: Apache-2.0 */
/* The library that is not there when needy.so needs it. */
#include <quipu/types.h>

QUIPU_API int quipu_test_absent(void);

int quipu_test_absent(void)
{
    return 0;
}
