/* SPDX-License-Identifier: Apache-2.0 */
/* The folder that replaces {dir} in a URI. */
#include "runner.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char mark[] = "{dir}";

/* Percent-encodes what is not plain in a URI; `to` has three times the room. */
static char *encode(char *to, const char *from)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "abcdefghijklmnopqrstuvwxyz0123456789-._~/";

    for (; *from; from++) {
        if (strchr(plain, *from)) {
            *to++ = *from;
        } else {
            to += sprintf(to, "%%%02X", (unsigned char)*from);
        }
    }
    return to;
}

static char *make_folder(void)
{
    const char *parent = getenv("TMPDIR");
    char *name;

    parent = parent && *parent == '/' ? parent : "/tmp";
    if (asprintf(&name, "%s/quipu-conformance-XXXXXX", parent) < 0) {
        return NULL;
    }
    if (!mkdtemp(name)) {
        free(name);
        return NULL;
    }
    return name;
}

bool quipu_place_make(struct quipu_place *place, const char *uri)
{
    const char *at = strstr(uri, mark);
    char *end;
    size_t size;

    *place = (struct quipu_place){ NULL, NULL };
    if (!at) {
        place->uri = strdup(uri);
        return place->uri != NULL;
    }
    place->directory = make_folder();
    if (!place->directory) {
        return false;
    }
    size = strlen(uri) + 3 * strlen(place->directory) + 1;
    place->uri = malloc(size);
    if (!place->uri) {
        quipu_place_remove(place);
        return false;
    }
    memcpy(place->uri, uri, (size_t)(at - uri));
    end = encode(place->uri + (at - uri), place->directory);
    (void)snprintf(end, size - (size_t)(end - place->uri), "%s",
                   at + strlen(mark));
    return true;
}

static int remove_one(const char *path, const struct stat *status, int kind,
                      struct FTW *walk)
{
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

void quipu_place_remove(struct quipu_place *place)
{
    if (place->directory) {
        nftw(place->directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    }
    free(place->directory);
    free(place->uri);
    *place = (struct quipu_place){ NULL, NULL };
}
