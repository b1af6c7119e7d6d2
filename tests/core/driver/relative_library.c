/* SPDX-License-Identifier: Apache-2.0 */
/* relative_library [FILE]: removes the file, changes the current folder, and
 * prints where a driver is looked for (test_relative_library.sh). */
#include <quipu/quipu.h>

#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    quipu_error error;
    quipu_datastore *datastore = NULL;

    if ((argc > 1 && unlink(argv[1]) != 0) || chdir("/") != 0) {
        perror("relative_library");
        return 2;
    }
    if (quipu_datastore_open("nowhere:", NULL, &datastore, &error) ==
        QUIPU_OK) {
        return 1;
    }
    (void)puts(error.message);
    return 0;
}
