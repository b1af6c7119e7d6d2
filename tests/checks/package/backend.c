/* SPDX-License-Identifier: Apache-2.0 */
/* The library of a back end. */
const char *backend_version(void);

const char *backend_version(void)
{
    return "backend 1.0";
}
