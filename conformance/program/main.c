/* SPDX-License-Identifier: Apache-2.0 */
/* quipu-conformance: says whether the driver of a URI keeps the contract. */
#include <quipu/conformance.h>

#include <stddef.h>

int main(int argc, char **argv)
{
    return quipu_conformance_main(argc, argv, NULL);
}
