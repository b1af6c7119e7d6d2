/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of an application: given these events, when this is done, then those
 * events happen.
 *
 *     static void overdrawing_is_refused(void)
 *     {
 *         quipu_scenario *s = quipu_scenario_of_aggregate(&account_type, NULL);
 *         struct account *account;
 *
 *         quipu_scenario_given(s, &deposited,
 *                              &(struct deposited){ .cents = 100 }.base);
 *         account = quipu_scenario_when(s);
 *         quipu_scenario_refused(
 *             s, account_withdraw(account, 150, quipu_scenario_error(s)),
 *             QUIPU_DENIED, "has only 100 cents");
 *         quipu_scenario_nothing(s);
 *         assert(quipu_scenario_end(s) == 0);
 *     }
 *
 * Nothing is replaced by a mock: the events are stored and read, commands,
 * handlers and reactions run as in the application, and read models are in a
 * database.  No test framework is needed, and any can be used.
 *
 * A difference is written to standard error as soon as it is found:
 *
 *     event 1: expected Account.Withdrawn.cents 150, got 100
 *     event 2: missing: Account.Closed { reason: "fraud" }
 *     additional event: Account.Deposited { cents: 5 }
 *
 * and quipu_scenario_end returns the number of differences.  No function ends
 * the process.  Events are compared by their field tables.  Of the base
 * (originator id and version, event id, time, metadata) only what the expected
 * event sets is compared.
 *
 * The store is in memory, and ends with the scenario.  The environment variable
 * QUIPU_SCENARIO_URI names another one, on which the same tests then run.
 * There the namespace is "scenario" unless the URI gives another one, which
 * must begin with that word: all that quipu keeps in this namespace is removed
 * when a scenario begins and when it ends.  Test programs that run at the same
 * time need different namespaces.
 *
 * Threads: a scenario is used by one thread at a time.  All functions take a
 * NULL scenario, for which quipu_scenario_end returns 1.
 */
#ifndef QUIPU_SCENARIO_H
#define QUIPU_SCENARIO_H

#include <quipu/process.h>
#include <quipu/projection.h>
#include <quipu/timer.h>
#include <quipu/unit.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct quipu_scenario quipu_scenario;

/* Zero is the default of each member.  Mapping and schema are copied, except
 * names and columns, which are borrowed until the end. */
typedef struct quipu_scenario_options {
    uint32_t struct_size;
    uint32_t reserved;
    /* NULL: the event types in the table of handlers, and the default
     * attributes (mapper.h).  An aggregate with a mutator needs it, and a
     * process that makes events which it does not handle. */
    const quipu_mapping *mapping;
    const quipu_schema *schema; /* NULL: quipu_schema_stored_events() */
    const char *uri; /* of the store; NULL: QUIPU_SCENARIO_URI, or in memory */
    void *context;   /* for the functions of a projection or process */
    /* Prepares the program after the store was opened, for example by opening
     * the repositories that `context` refers to, and ends it before the store
     * is closed.  After a crash both are called, as in a process that is
     * started again.  A status other than OK is a difference; `stop` is called
     * then, too.  NULL: nothing. */
    int (*start)(void *context, quipu_store *store, quipu_error *error);
    void (*stop)(void *context);
} quipu_scenario_options;

/*
 * Begin a scenario of an aggregate, a projection or a process; the caller ends
 * it with quipu_scenario_end.  `options` may be NULL.
 *
 * NULL: there is no memory.  If anything else fails, such as opening the store,
 * that is a difference, and the steps of the scenario do nothing.
 */
QUIPU_API quipu_scenario *quipu_scenario_of_aggregate(
    const quipu_aggregate_type *type, const quipu_scenario_options *options);
QUIPU_API quipu_scenario *quipu_scenario_of_projection(
    const quipu_projection_type *type, const quipu_scenario_options *options);
QUIPU_API quipu_scenario *quipu_scenario_of_process(
    const quipu_process_type *type, const quipu_scenario_options *options);

/* Ends a scenario: checks as quipu_scenario_nothing does, closes all, and
 * returns the number of differences that were found; 0: the test has passed. */
QUIPU_API int quipu_scenario_end(quipu_scenario *scenario);

/* ------------------------------------------------------------------- given */

/*
 * Stores an event that has happened before, at the end of its sequence.  The
 * event is copied; its type is set.  NULL: one whose members are zero.  Without
 * an originator id it is one of the sequence quipu_scenario_id.  Without a time
 * or event id it gets one.
 */
QUIPU_API void quipu_scenario_given(quipu_scenario *scenario,
                                    const quipu_event_type *type,
                                    const quipu_event *event);

/* Returns the id of the aggregate of the scenario, a new one in each; valid
 * until the end.  It is a UUID, or that as text if the schema has text ids. */
QUIPU_API const quipu_id *quipu_scenario_id(const quipu_scenario *scenario);

/* Returns the store, for functions of the application that need it, until the
 * end or the next crash; NULL if it could not be opened.  All events that they
 * append are events of the scenario. */
QUIPU_API quipu_store *quipu_scenario_store(const quipu_scenario *scenario);

/*
 * Stops the clock of the application, which is quipu_time_now of this process,
 * at a time, and sets it on by further calls: events without a time get this
 * one, and timers become due.  It goes again at the end of the scenario, or
 * with a time of 0.
 */
QUIPU_API void quipu_scenario_clock(quipu_scenario *scenario, quipu_time now);

/* -------------------------------------------------------------------- when */

/*
 * Returns the aggregate as its events make it, or without events a new one, for
 * the command under test.  It belongs to the scenario, until its next call of
 * given or when, or its end.  The events that a command triggers are stored by
 * the next step.
 *
 * NULL: the aggregate could not be read, for example because it is discarded.
 * That is a difference, unless it is expected by quipu_scenario_refused with
 * the code in quipu_scenario_error.
 */
QUIPU_API void *quipu_scenario_when(quipu_scenario *scenario);

/*
 * Runs the projection or process until it has caught up, and appends the events
 * of timers that are due by the clock (timer.h).  Returns the status of that,
 * which is a difference if it is not OK and not expected by
 * quipu_scenario_refused; the message is in quipu_scenario_error.  A program
 * that has not caught up after 1,000 steps is a difference (TIMEOUT).
 */
QUIPU_API int quipu_scenario_run(quipu_scenario *scenario);

/* Returns the error that commands under test may fill, and that the steps fill
 * that have a status. */
QUIPU_API quipu_error *quipu_scenario_error(quipu_scenario *scenario);

/* -------------------------------------------------------------------- then */

/* Expects an event, after those that are expected already.  It is copied, as
 * above, and compared by quipu_scenario_nothing or at the end. */
QUIPU_API void quipu_scenario_then(quipu_scenario *scenario,
                                   const quipu_event_type *type,
                                   const quipu_event *event);

/* Expects of the event that was expected last that a given event is its cause,
 * as its metadata tell (metadata.h).  `given`: the number of the call of
 * quipu_scenario_given, from 1. */
QUIPU_API void quipu_scenario_caused_by(quipu_scenario *scenario, size_t given);

/* Expects that nothing has happened but the expected events: compares them with
 * the events that were stored since the scenario began, or since the last call,
 * and that were not given.  They must be the same, in the same order. */
QUIPU_API void quipu_scenario_nothing(quipu_scenario *scenario);

/* Expects that a command was refused: that its status is `expected`, and that
 * the message in quipu_scenario_error contains `words` (NULL: any message).
 * Events that it has triggered all the same are events that happened, unless a
 * handler of the aggregate has failed, after which none can be stored. */
QUIPU_API void quipu_scenario_refused(quipu_scenario *scenario, int status,
                                      int expected, const char *words);

/*
 * Looks at the read model: calls the function in a transaction, with the handle
 * of the back end (see quipu_work), as the projection's handlers are.  A status
 * other than OK is a difference, whose words are the message in *error.
 */
QUIPU_API void quipu_scenario_look(quipu_scenario *scenario, quipu_work look,
                                   void *context);

/* ---------------------------------------------------------------- failures */

enum quipu_crash {
    /* All that is to be stored has been done, and nothing is stored. */
    QUIPU_CRASH_BEFORE_COMMIT = 0,
    /* It is stored, and the program does not learn it. */
    QUIPU_CRASH_AFTER_COMMIT = 1
};

/*
 * Lets the next commit of quipu_scenario_run be the last act of the program:
 * all that was opened is closed, opened again, and run to the end of the log.
 * All expectations must hold as without the crash.  The connection to the store
 * stays, since a store in memory would be lost with it.
 *
 * A difference: there is no commit until the end; the scenario is one of an
 * aggregate, since its commands cannot be called again.
 */
QUIPU_API void quipu_scenario_crash(quipu_scenario *scenario,
                                    int crash); /* enum quipu_crash */

/*
 * Lets the next `count` commits of the program fail with a status that a store
 * may return: BUSY, IO, DENIED, NO_MEMORY, CORRUPT.  With UNKNOWN_OUTCOME they
 * are stored, and the answer is lost.  quipu_scenario_run repeats a step that
 * has failed in that way if the status is transient, without pauses; an
 * application that is tested with quipu_scenario_store does what it does.
 *
 * A difference: fewer commits have followed at the end; another status.
 */
QUIPU_API void quipu_scenario_fail(quipu_scenario *scenario, int status,
                                   int count);

/* Returns all differences that were found until now as text, a line for each,
 * with a line break; "" if there is none.  Valid until the next call. */
QUIPU_API const char *quipu_scenario_report(quipu_scenario *scenario);

#ifdef __cplusplus
}
#endif

#endif
