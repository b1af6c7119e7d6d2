/* SPDX-License-Identifier: Apache-2.0 */
/* quipu-conformance: tests whether the driver of a URI keeps its contract. */
#include <quipu/conformance.h>

#include <stddef.h>

int main(int argc, char **argv)
{
    return quipu_conformance_main(argc, argv, NULL);
}
