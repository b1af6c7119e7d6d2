/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzz target on each file of the folders that are its arguments:
 * `replay FOLDER...`. For builds without libFuzzer. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Returns the bytes of a file, in memory of exactly their size. */
static uint8_t *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = NULL;
    long end;

    if (!file) {
        return NULL;
    }
    if (fseek(file, 0, SEEK_END) == 0 && (end = ftell(file)) >= 0 &&
        fseek(file, 0, SEEK_SET) == 0) {
        *size = (size_t)end;
        data = malloc(*size + !*size);
        if (data && fread(data, 1, *size, file) != *size) {
            free(data);
            data = NULL;
        }
    }
    fclose(file);
    return data;
}

static int replay_file(const char *folder, const char *name)
{
    char path[4096];
    uint8_t *data;
    size_t size;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    data = read_file(path, &size);
    if (!data) {
        fprintf(stderr, "replay: cannot read %s\n", path);
        return -1;
    }
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    return 1;
}

/* Runs the target on all files of a folder; returns their number, or -1. */
static int replay_folder(const char *name)
{
    DIR *folder = opendir(name);
    const struct dirent *entry;
    int files = 0;
    int one = 0;

    if (!folder) {
        fprintf(stderr, "replay: no folder %s\n", name);
        return -1;
    }
    while (one >= 0 && (entry = readdir(folder))) {
        if (entry->d_name[0] != '.') {
            one = replay_file(name, entry->d_name);
            files += one;
        }
    }
    closedir(folder);
    return one < 0 ? -1 : files;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        int files = replay_folder(argv[i]);

        if (files <= 0) {
            fprintf(stderr, "replay: %s has nothing to replay\n", argv[i]);
            return 1;
        }
        printf("%s: %d inputs\n", argv[i], files);
    }
    return argc > 1 ? 0 : 2;
}
