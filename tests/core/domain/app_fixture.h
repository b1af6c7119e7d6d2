/* SPDX-License-Identifier: Apache-2.0 */
/* An application with repositories of the shared aggregates, over the scripted
 * driver. */
#ifndef QUIPU_TESTS_CORE_DOMAIN_APP_FIXTURE_H
#define QUIPU_TESTS_CORE_DOMAIN_APP_FIXTURE_H

#include "core/store/store_fixture.h"
#include "domain_fixture.h"

extern const quipu_mapping fixture_mapping; /* all of fixture_types */

struct app {
    quipu_datastore *datastore;
    quipu_schema schema;
    quipu_application *application;
    quipu_store *store;
    quipu_bus *bus;
    quipu_repository *notes;
    quipu_repository *tallies;
};

/* For cmocka's group setup: adds the scripted driver. */
int app_add_driver(void **state);

/* Over the scripted driver, or another one. */
void app_open(struct app *app, uint32_t schema_flags);
void app_open_uri(struct app *app, const char *uri, uint32_t schema_flags);
void app_close(struct app *app);

/* These must succeed. */
struct note *create_note(struct app *app, const char *text);
struct note *get_note(struct app *app, const quipu_id *id);

#endif
