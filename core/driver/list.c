/* SPDX-License-Identifier: Apache-2.0 */
/* Tells which drivers there are, and how one is searched for. */
#include <quipu/drivers.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "driver/loader.h"
#include "driver/path.h"
#include "driver/policy.h"
#include "driver/registry.h"

static const char linked_in[] = "linked in";

static bool is_linked_in(const quipu_registered *entry)
{
    return entry && entry->place[0] == '\0';
}

/* -------------------------------------------------------------- listing */

/* The size of the scheme in "<scheme>.so"; 0 for another name. */
static size_t scheme_size(const char *name)
{
    size_t size = strlen(name);

    if (size < 3 || strcmp(name + size - 3, ".so") != 0) {
        return 0;
    }
    return quipu_uri_scheme_valid(name, size - 3) ? size - 3 : 0;
}

static int is_module(const struct dirent *file)
{
    return scheme_size(file->d_name) > 0;
}

/* By byte value, whatever the locale. */
static int compare_names(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* Whether the search for a scheme ends before it comes to `number`, counted
 * from 0, of the path's entries. */
static bool ends_before(const char *scheme, unsigned number)
{
    char file[PATH_MAX];
    quipu_path path;

    if (is_linked_in(quipu_registry_find(scheme))) {
        return true;
    }
    quipu_path_begin(&path);
    for (unsigned i = 0; i < number && quipu_path_next(&path); i++) {
        if (!path.ignored) {
            quipu_path_file(&path, scheme, file);
            if (quipu_loader_probe(file, NULL) != QUIPU_NOT_FOUND) {
                return true;
            }
        }
    }
    return false;
}

static void list_folder(const quipu_path *path, unsigned number,
                        quipu_drivers_visit visit, void *context)
{
    struct dirent **files = NULL;
    int count = scandir(path->folder, &files, is_module, compare_names);

    for (int i = 0; i < count; i++) {
        char scheme[QUIPU_SCHEME_MAX + 1] = "";
        char file[PATH_MAX];

        memcpy(scheme, files[i]->d_name, scheme_size(files[i]->d_name));
        free(files[i]);
        if (!ends_before(scheme, number)) {
            quipu_path_file(path, scheme, file);
            visit(context, scheme, file);
        }
    }
    free(files);
}

void quipu_drivers_list(quipu_drivers_visit visit, void *context)
{
    const quipu_registered *entry = quipu_registry_newest();
    quipu_path path;

    for (; entry; entry = entry->older) {
        if (is_linked_in(entry)) {
            visit(context, entry->scheme, linked_in);
        }
    }
    quipu_path_begin(&path);
    for (unsigned number = 0; quipu_path_next(&path); number++) {
        if (!path.ignored) {
            list_folder(&path, number, visit, context);
        }
    }
}

/* ----------------------------------------------------------- explaining */

/* What an explanation is made from. */
struct story {
    quipu_drivers_trace visit;
    void *context;
    const char *scheme;
    const quipu_registered *entry; /* NULL: there is no driver */
    const char *failure;           /* the message, without a driver */
};

static void tell_driver(const struct story *story, const char *how)
{
    const quipu_driver *driver = &story->entry->table;
    char text[256];

    snprintf(text, sizeof(text), "%s: %s %s, %s", how, driver->name,
             driver->version, driver->library());
    story->visit(story->context,
                 is_linked_in(story->entry) ? linked_in : story->entry->place,
                 text);
}

/* Tells of one folder; true if the search ends there. */
static bool tell_folder(const struct story *story, const quipu_path *path)
{
    char file[PATH_MAX];

    if (path->ignored) {
        story->visit(story->context,
                     path->folder[0] != '\0' ? path->folder : "\"\"",
                     path->ignored);
        return false;
    }
    quipu_path_file(path, story->scheme, file);
    if (story->entry && strcmp(file, story->entry->place) == 0) {
        tell_driver(story, "used");
        return true;
    }
    if (quipu_loader_probe(file, NULL) == QUIPU_NOT_FOUND) {
        story->visit(story->context, file, "no such file");
        return false;
    }
    if (story->entry) {
        story->visit(story->context, file, "not used: another was loaded");
        return false;
    }
    story->visit(story->context, file, story->failure);
    return true;
}

static void tell(const struct story *story)
{
    quipu_path path;

    if (is_linked_in(story->entry)) {
        tell_driver(story, "used");
        return;
    }
    story->visit(story->context, linked_in, "no such driver");
    quipu_path_begin(&path);
    while (quipu_path_next(&path)) {
        if (tell_folder(story, &path)) {
            return;
        }
    }
    if (story->entry) {
        tell_driver(story, "used, loaded when it was on the path");
    }
}

int quipu_drivers_explain(const char *scheme, quipu_drivers_trace visit,
                          void *context, quipu_error *error)
{
    const quipu_driver *driver;
    quipu_error why;
    int status = quipu_drivers_find(scheme, &driver, &why);

    /* Neither a bad scheme nor a forbidden one is searched for. */
    if (status != QUIPU_INVALID && status != QUIPU_DENIED) {
        tell(&(struct story){ .visit = visit,
                              .context = context,
                              .scheme = scheme,
                              .entry = quipu_registry_find(scheme),
                              .failure = why.message });
    }
    if (status && error) {
        *error = why;
    }
    return status;
}
