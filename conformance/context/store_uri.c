/* SPDX-License-Identifier: Apache-2.0 */
/* What replaces {dir} and {name} in a URI. */
#include "store_uri.h"

#include "folder.h"

#include <quipu/id.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FOLDER "quipu-place"

/* Percent-encodes what is not plain in a URI; to be freed. */
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

/* A name that no other case has, of this run or another. */
static void make_name(char name[static 31])
{
    quipu_uuid id;

    quipu_uuid_random(&id); /* not of the seed: a store may outlive a run */
    snprintf(name, 31, "conformance_%02x%02x%02x%02x%02x%02x", id.bytes[0],
             id.bytes[1], id.bytes[2], id.bytes[3], id.bytes[4], id.bytes[5]);
}

/* The text with another in place of each mark; to be freed.  Takes `text`. */
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
        all = NULL;
    }
    free(rest);
    free(text);
    return all;
}

static bool put_folder(struct quipu_store_uri *place)
{
    char *encoded;

    place->directory =
        quipu_folder_make(quipu_folder_parent(), FOLDER, &place->lock);
    if (!place->directory || !(encoded = encode(place->directory))) {
        return false;
    }
    place->uri = replace(place->uri, "{dir}", encoded);
    free(encoded);
    return true;
}

bool quipu_store_uri_create(struct quipu_store_uri *place, const char *uri)
{
    char name[31];
    bool made = true;

    *place = (struct quipu_store_uri){ .uri = strdup(uri) };
    if (place->uri && strstr(uri, "{dir}")) {
        made = put_folder(place);
    }
    make_name(name);
    place->uri = replace(place->uri, "{name}", name);
    if (!made || !place->uri) {
        quipu_store_uri_destroy(place);
        return false;
    }
    return true;
}

void quipu_store_uri_destroy(struct quipu_store_uri *place)
{
    if (place->directory) {
        quipu_folder_remove(place->directory);
        close(place->lock);
    }
    free(place->directory);
    free(place->uri);
    *place = (struct quipu_store_uri){ .uri = NULL };
}

void quipu_store_uri_sweep(void)
{
    quipu_folder_sweep(quipu_folder_parent(), FOLDER);
}
