/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of the page, which are part of the program: the build makes C
 * arrays of those in tools/browse/page (embed.cmake).  The page loads nothing
 * from elsewhere.
 *
 * Its scripts put text of the store into the document as text nodes only
 * (dom.js).  The headers below are the second line of defence.
 */
#ifndef QUIPU_TOOLS_PAGE_H
#define QUIPU_TOOLS_PAGE_H

#include "http/server.h"

#include <stddef.h>

struct page_file {
    const char *path; /* of the URL: "/" */
    const char *type; /* of its content, for the header */
    const unsigned char *data;
    const size_t *size;
};

/* Returns the file that has a path, or NULL. */
const struct page_file *page_find(const char *path);

/* Headers of all answers, for struct server_settings.  The policy allows the
 * page its own files and requests, and nothing else: no script in the text of
 * the page, no form, no frame around it. */
extern const struct server_header page_headers[];

#endif
