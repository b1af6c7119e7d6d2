/* SPDX-License-Identifier: Apache-2.0 */
/* Opens a store, whose driver is a module of the containing project's build or
 * installation, prints what sealing returns, and tries the project's own
 * driver, which has no operations. */
#include <quipu/quipu.h>

#include <stdio.h>

void print_sealing(quipu_datastore *datastore); /* sealing.c */

int main(int argc, char **argv)
{
    quipu_datastore *datastore = NULL;
    quipu_error error;

    if (argc != 3 ||
        quipu_datastore_open(argv[1], NULL, &datastore, &error) != QUIPU_OK) {
        puts(argc == 3 ? error.message : "usage: program URI URI");
        return 1;
    }
    puts("opened");
    print_sealing(datastore);
    (void)quipu_datastore_close(datastore, NULL);
    if (quipu_datastore_open(argv[2], NULL, &datastore, &error) == QUIPU_OK) {
        return 1;
    }
    puts(error.message);
    return 0;
}
