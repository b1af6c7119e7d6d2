/* SPDX-License-Identifier: Apache-2.0 */
/* Replaces {dir} and {name} in a URI. */
#include "store_uri.h"

#include "folder.h"

#include <quipu/id.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FOLDER "quipu-conformance"

/* Returns a path percent-encoded for a URI, to be freed. */
static char *encode(const char *from)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "abcdefghijklmnopqrstuvwxyz0123456789-._~/";
    char *encoded = malloc(3 * strlen(from) + 1), *to = encoded;

    for (; encoded && *from; from++) {
        if (strchr(plain, *from)) {
            *to++ = *from;
        } else {
            to += sprintf(to, "%%%02X", (unsigned char)*from);
        }
    }
    if (encoded) {
        *to = '\0';
    }
    return encoded;
}

/* Makes a name that no other case uses, in this run or another. */
static void make_name(char name[static 31])
{
    quipu_uuid id;

    quipu_uuid_random(&id); /* not derived from the seed: stores outlive runs */
    snprintf(name, 31, "conformance_%02x%02x%02x%02x%02x%02x", id.bytes[0],
             id.bytes[1], id.bytes[2], id.bytes[3], id.bytes[4], id.bytes[5]);
}

/* Returns `text` with each `mark` replaced, to be freed, or NULL.  Frees
 * `text`. */
static char *replace(char *text, const char *mark, const char *by)
{
    char *at = text ? strstr(text, mark) : NULL;
    char *all = NULL, *rest;

    if (!at) {
        return text;
    }
    rest = replace(strdup(at + strlen(mark)), mark, by);
    if (rest &&
        asprintf(&all, "%.*s%s%s", (int)(at - text), text, by, rest) < 0) {
        all = NULL; /* cppcheck-suppress memleak ; it is not allocated */
    }
    free(rest);
    free(text);
    return all;
}

static bool replace_dir(struct quipu_store_uri *store)
{
    char *encoded;

    store->directory =
        quipu_folder_make(quipu_folder_parent(), FOLDER, &store->lock);
    if (!store->directory || !(encoded = encode(store->directory))) {
        return false;
    }
    store->uri = replace(store->uri, "{dir}", encoded);
    free(encoded);
    return true;
}

bool quipu_store_uri_create(struct quipu_store_uri *store, const char *uri)
{
    char name[31];
    bool made = true;

    *store = (struct quipu_store_uri){ .uri = strdup(uri) };
    if (store->uri && strstr(uri, "{dir}")) {
        made = replace_dir(store);
    }
    make_name(name);
    store->uri = replace(store->uri, "{name}", name);
    if (!made || !store->uri) {
        quipu_store_uri_destroy(store);
        return false;
    }
    return true;
}

void quipu_store_uri_destroy(struct quipu_store_uri *store)
{
    if (store->directory) {
        quipu_folder_remove(store->directory);
        close(store->lock);
    }
    free(store->directory);
    free(store->uri);
    *store = (struct quipu_store_uri){ .uri = NULL };
}

void quipu_store_uri_sweep(void)
{
    quipu_folder_sweep(quipu_folder_parent(), FOLDER);
}
