/* SPDX-License-Identifier: Apache-2.0 */
/* The test of a driver of a user's, who has nothing but what is installed. */
#include <quipu/conformance.h>
#include <quipu/drivers.h>

const quipu_driver *quipu_driver_entry_toy(void);

int main(int argc, char **argv)
{
    static const char *const uris[] = { "toy:", 0 };
    quipu_conformance suite = { .struct_size = sizeof(suite), .uris = uris };

    quipu_drivers_add("toy", quipu_driver_entry_toy, 0);
    return quipu_conformance_main(argc, argv, &suite);
}
