/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The public functions of <quipu/drivers.h>: which drivers a program may use,
 * which it has, and where they are found.
 *
 * Listing and explaining repeat the search of the loader (loader.c) without
 * loading anything, over the same search path and with the same probe, and
 * therefore report what the loader would do.
 */
#include <quipu/drivers.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "driver/loader.h"
#include "driver/operation_stubs.h"
#include "driver/policy.h"
#include "driver/registry.h"
#include "driver/search_path.h"

/* Reported as the location of a driver that is linked in. */
static const char linked_in[] = "linked in";

static int check_scheme(const char *scheme, quipu_error *error)
{
    if (!scheme) {
        return quipu_error_set(error, QUIPU_INVALID, "the scheme is NULL");
    }
    return quipu_uri_scheme_check(scheme, strlen(scheme), error);
}

int quipu_drivers_add(const char *scheme, quipu_driver_entry_fn entry,
                      quipu_error *error)
{
    int status = check_scheme(scheme, error);

    if (status != QUIPU_OK) {
        return status;
    }
    if (!entry) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "the driver for \"%s\" has no entry", scheme);
    }
    return quipu_registry_add(scheme, entry, error);
}

int quipu_drivers_allow(const char *schemes, quipu_error *error)
{
    return quipu_policy_allow(schemes, error);
}

void quipu_drivers_accept_unfinished(quipu_drivers_unwritten called)
{
    quipu_operation_stubs_accept(called);
}

void quipu_drivers_forbid_loading(void)
{
    quipu_policy_forbid_loading();
}

/* The schemes of the drivers that there are, for a message; the list ends
 * before the one that does not fit. */
struct schemes {
    char text[300];
    size_t size;
};

static void add_scheme(void *context, const char *scheme, const char *file)
{
    struct schemes *schemes = context;
    const size_t room = sizeof(schemes->text) - schemes->size;
    const int size = snprintf(schemes->text + schemes->size, room, "%s%s",
                              schemes->size > 0 ? ", " : "", scheme);

    (void)file;
    if (size < 0 || (size_t)size >= room) {
        schemes->text[schemes->size] = '\0';
    } else {
        schemes->size += (size_t)size;
    }
}

static void name_others(quipu_error *error)
{
    struct schemes schemes = { .size = 0 };

    if (!error) {
        return;
    }
    quipu_drivers_list(add_scheme, &schemes);
    if (schemes.size > 0) {
        quipu_error_set(error, QUIPU_NOT_FOUND, "%s; there are drivers for: %s",
                        error->message, schemes.text);
    }
}

int quipu_drivers_find(const char *scheme, const quipu_driver **driver,
                       quipu_error *error)
{
    const quipu_registry_entry *entry;
    int status = check_scheme(scheme, error);

    if (status == QUIPU_OK) {
        status = quipu_policy_check(scheme, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_registry_load(scheme, &entry, error);
        if (status == QUIPU_NOT_FOUND) {
            name_others(error);
        }
    }
    if (status == QUIPU_OK) {
        *driver = &entry->table;
    }
    return status;
}

static bool is_linked_in(const quipu_registry_entry *entry)
{
    return entry && entry->file[0] == '\0';
}

/* -------------------------------------------------------------- listing */

/* Returns the size of the scheme in "<scheme>.so"; 0 for another name. */
static size_t scheme_size(const char *name)
{
    size_t size = strlen(name);

    if (size < 3 || strcmp(name + size - 3, ".so") != 0) {
        return 0;
    }
    return quipu_uri_scheme_valid(name, size - 3) ? size - 3 : 0;
}

static int is_driver_file(const struct dirent *file)
{
    return scheme_size(file->d_name) > 0;
}

/* Orders by byte value, independently of the locale. */
static int compare_names(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* Returns true if the search for a scheme ends before the entry `number` of the
 * search path, counted from 0. */
static bool ends_before(const char *scheme, unsigned number)
{
    char file[PATH_MAX];
    quipu_search_path path;

    if (is_linked_in(quipu_registry_find(scheme))) {
        return true;
    }
    quipu_search_path_begin(&path);
    for (unsigned i = 0; i < number && quipu_search_path_next(&path); i++) {
        if (!path.ignored) {
            quipu_search_path_file(&path, scheme, file);
            if (quipu_loader_probe(file, NULL) != QUIPU_NOT_FOUND) {
                return true;
            }
        }
    }
    return false;
}

/* Reports the drivers in the current folder, except those that an earlier
 * entry of the search path hides. */
static void list_folder(const quipu_search_path *path, unsigned number,
                        quipu_drivers_visit visit, void *context)
{
    struct dirent **files = NULL;
    int count = scandir(path->folder, &files, is_driver_file, compare_names);

    for (int i = 0; i < count; i++) {
        char scheme[QUIPU_SCHEME_MAX + 1] = "";
        char file[PATH_MAX];

        memcpy(scheme, files[i]->d_name, scheme_size(files[i]->d_name));
        free(files[i]);
        if (!ends_before(scheme, number)) {
            quipu_search_path_file(path, scheme, file);
            visit(context, scheme, file);
        }
    }
    free(files);
}

void quipu_drivers_list(quipu_drivers_visit visit, void *context)
{
    const quipu_registry_entry *entry = quipu_registry_newest();
    quipu_search_path path;

    for (; entry; entry = entry->older) {
        if (is_linked_in(entry)) {
            visit(context, entry->scheme, linked_in);
        }
    }
    quipu_search_path_begin(&path);
    for (unsigned number = 0; quipu_search_path_next(&path); number++) {
        if (!path.ignored) {
            list_folder(&path, number, visit, context);
        }
    }
}

/* ----------------------------------------------------------- explaining */

/* An explanation of a search, and its result. */
struct explanation {
    quipu_drivers_trace visit;
    void *context;
    const char *scheme;
    const quipu_registry_entry *entry; /* NULL: no driver was found */
    const char *failure;               /* the error message in that case */
};

static void report_driver(const struct explanation *search, const char *how)
{
    const quipu_driver *driver = &search->entry->table;
    char text[256];

    snprintf(text, sizeof(text), "%s: %s %s, %s", how, driver->name,
             driver->version, driver->library());
    search->visit(search->context,
                  is_linked_in(search->entry) ? linked_in : search->entry->file,
                  text);
}

/* Reports one entry of the search path; true if the search ends there. */
static bool report_folder(const struct explanation *search,
                          const quipu_search_path *path)
{
    char file[PATH_MAX];

    if (path->ignored) {
        search->visit(search->context,
                      path->folder[0] != '\0' ? path->folder : "\"\"",
                      path->ignored);
        return false;
    }
    quipu_search_path_file(path, search->scheme, file);
    if (search->entry && strcmp(file, search->entry->file) == 0) {
        report_driver(search, "used");
        return true;
    }
    if (quipu_loader_probe(file, NULL) == QUIPU_NOT_FOUND) {
        search->visit(search->context, file, "no such file");
        return false;
    }
    if (search->entry) {
        search->visit(search->context, file, "not used: another was loaded");
        return false;
    }
    search->visit(search->context, file, search->failure);
    return true;
}

static void explain(const struct explanation *search)
{
    quipu_search_path path;

    if (is_linked_in(search->entry)) {
        report_driver(search, "used");
        return;
    }
    search->visit(search->context, linked_in, "no such driver");
    quipu_search_path_begin(&path);
    while (quipu_search_path_next(&path)) {
        if (report_folder(search, &path)) {
            return;
        }
    }
    if (search->entry) {
        report_driver(search, "used, loaded from an earlier search path");
    }
}

int quipu_drivers_explain(const char *scheme, quipu_drivers_trace visit,
                          void *context, quipu_error *error)
{
    const quipu_driver *driver;
    quipu_error why;
    int status = quipu_drivers_find(scheme, &driver, &why);

    /* Malformed and forbidden schemes are not searched for. */
    if (status != QUIPU_INVALID && status != QUIPU_DENIED) {
        explain(&(struct explanation){ .visit = visit,
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
