/* SPDX-License-Identifier: Apache-2.0 */
/* The test of the driver: the conformance suite with the driver linked in.  It
 * takes the options of quipu-conformance. */
#include <quipu/conformance.h>
#include <quipu/drivers.h>

const quipu_driver *quipu_driver_entry_memory(void);

int main(int argc, char **argv)
{
    static const char *const uris[] = { "memory:", "memory:{name}", NULL };
    quipu_conformance suite = { .struct_size = sizeof(suite), .uris = uris };

    quipu_drivers_add("memory", quipu_driver_entry_memory, NULL);
    return quipu_conformance_main(argc, argv, &suite);
}
