/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQL templates: statements whose tables and columns are filled in.
 *
 * Placeholders of a template:
 *
 *     {schema}          the PostgreSQL schema
 *     {quipu_heads}     and quipu's other tables: the table, with its schema
 *     {items}           the item table, with its schema
 *     {items_oid}       the object id of the item table, as a constant
 *     {id} {sequence} {position} {topic} {state} {event_id}
 *                       the columns of the item table
 *     {all}             all columns, in the order of an insert
 *     {page} {log_page} the columns that a page of a sequence or of the log
 *                       has, NULL for large contents of an item with more
 *                       than $2 bytes
 *     {large} {log_large}
 *                       the same without that limit
 *     {size}            the size of an item in bytes, roughly
 *     {erase} {erased}  state, metadata and the schema's own columns: set to
 *                       NULL; and whether all of them are
 *     {, $9 ...}        ", $9, $10, ..." or, with another prefix, the like: an
 *                       element for the topic, the state and each column behind
 *                       them; without the first comma as {$9 ...}
 *
 *     {bound $5}        true while the schema number $5 is set up
 *     {=} {+} ...       operators: OPERATOR(pg_catalog.=)
 *
 * Statements run with the search path of the role or the session, in which
 * another role may have created functions and operators of the same names that
 * fit the types better.  So each function, each operator, each type and each
 * collation of a template names pg_catalog.  Exceptions are what the grammar
 * itself resolves there: unnest with several arguments, coalesce, and ::int.
 * OPERATOR() has one precedence for all operators: write parentheses.
 *
 * Shapes of answers (net/shape.h) have these words, too: seq, a sequence id;
 * pos, a position; page, log_page, large and log_large, the columns of the
 * placeholder.
 *
 * Types of the parameters are words: int4 int8 text uuid bool; seq, the type of
 * the schema's sequence ids; arrays of these and of bytea, as in text[]; and at
 * the end "item", a topic, a state and further columns, or "item[]", the arrays
 * of them.
 */
#ifndef POSTGRES_TEMPLATE_H
#define POSTGRES_TEMPLATE_H

#include "net/prepared.h"

/* A template; both strings are constants. */
struct sql_template {
    const char *types; /* of the parameters */
    const char *shape; /* of the answer (net/shape.h), with the words below */
    const char *text;
};

/* The names for the placeholders.  Without a schema (NULL) a template has
 * quipu's own tables alone. */
struct template_names {
    const char *postgres_schema;
    const quipu_schema *schema;
    const char *table; /* the item table */
};

/* Renders a template.  NO_MEMORY; the caller calls finish in any case. */
int quipu_postgres_template_make(const quipu_host *host,
                                 const struct template_names *names,
                                 const struct sql_template *template,
                                 struct statement *statement,
                                 quipu_error *error);
void quipu_postgres_template_finish(struct statement *statement,
                                    const quipu_host *host);

/* The rendered text of a template without parameters.  The caller releases it;
 * NULL: no memory. */
char *quipu_postgres_template_text(const quipu_host *host,
                                   const struct template_names *names,
                                   const char *template);

#endif
