/* SPDX-License-Identifier: Apache-2.0 */
/* A run of the suite from its beginning to its exit status. */
#include "context/store_uri.h"
#include "context/subprocess.h"
#include "history/record.h"
#include "outputs.h"

#include <quipu/conformance.h>

#include <stdlib.h>
#include <string.h>

struct program {
    struct quipu_run run;
    struct quipu_outputs outputs;
    struct quipu_results results;
    bool out_of_memory;
};

static int misuse(const char *problem)
{
    fprintf(stderr, "quipu-conformance: %s\n", problem);
    return QUIPU_CONFORMANCE_MISUSE;
}

static struct quipu_sheet *last(struct program *program)
{
    return &program->results.sheets[program->results.count - 1];
}

static void hear(void *context, const struct quipu_outcome *outcome)
{
    struct program *program = context;
    const struct quipu_entry *entry = quipu_sheet_add(last(program), outcome);

    if (entry) {
        quipu_outputs_hear(&program->outputs, &program->results, entry);
    } else {
        program->out_of_memory = true;
    }
}

/* A URI that could not be opened may hold a password: its scheme must do. */
static void name_unopened(struct quipu_sheet *sheet)
{
    snprintf(sheet->store.uri, sizeof(sheet->store.uri),
             "%.*s:", (int)strcspn(sheet->run.uri, ":"), sheet->run.uri);
}

static bool run_uri(struct program *program, const char *uri)
{
    struct quipu_sheet *sheet;
    int64_t begin = quipu_context_now();
    bool opened;

    program->run.uri = uri;
    sheet = quipu_results_add(&program->results, &program->run);
    if (!sheet) {
        return false;
    }
    opened = quipu_probe_run(&program->run, &sheet->store, sheet->problem,
                             sizeof(sheet->problem));
    if (opened) {
        sheet->problem[0] = '\0';
    } else {
        name_unopened(sheet);
    }
    quipu_outputs_open_sheet(&program->outputs, &program->results);
    if (opened) {
        sheet->ended =
            quipu_runner_all(&program->run, &sheet->store, hear, program) &&
            !program->out_of_memory;
        sheet->milliseconds = quipu_context_now() - begin;
        quipu_sheet_sort(sheet);
        quipu_outputs_close_sheet(&program->outputs, &program->results);
    }
    return !program->out_of_memory;
}

static int status_of(const struct quipu_results *results)
{
    if (quipu_runner_signal()) {
        return 128 + quipu_runner_signal();
    }
    switch (quipu_results_standing(results)) {
    case QUIPU_STANDING_HOLDS:
        return QUIPU_CONFORMANCE_HOLDS;
    case QUIPU_STANDING_BROKEN:
        return QUIPU_CONFORMANCE_BROKEN;
    default:
        return QUIPU_CONFORMANCE_INCOMPLETE;
    }
}

static int run_all(struct program *program, const char *const *uris)
{
    int status;

    program->results.began = time(NULL);
    quipu_store_uri_sweep();
    quipu_record_folder_sweep();
    quipu_runner_catch_signals();
    quipu_outputs_begin(&program->outputs);
    for (; *uris && !quipu_runner_signal(); uris++) {
        if (!run_uri(program, *uris)) {
            misuse("there is no memory");
            break;
        }
    }
    quipu_outputs_end(&program->outputs, &program->results);
    status = status_of(&program->results);
    quipu_runner_restore_signals();
    return status;
}

static bool selects_any(const struct quipu_run *run)
{
    const struct quipu_case *case_;

    for (size_t i = 0; (case_ = quipu_case_at(i)); i++) {
        if (quipu_runner_selects(run, case_)) {
            return true;
        }
    }
    return false;
}

static struct quipu_run make_run(const quipu_conformance *suite)
{
    return (struct quipu_run){
        .only = suite->only,
        .skip = suite->skip,
        .seed = suite->seed > 0 ? suite->seed : (uint64_t)time(NULL),
        .profile = (enum quipu_profile)suite->profile,
        .patience =
            suite->patience > 0 ? suite->patience : QUIPU_USUAL_PATIENCE,
        .jobs = suite->jobs,
        .hooks = { suite->server_stop, suite->server_start, suite->context },
    };
}

/* What is wrong with it, or NULL. */
static const char *find_fault(const quipu_conformance *suite)
{
    if (!suite->uris || !suite->uris[0]) {
        return "a URI is wanted";
    }
    if (suite->profile > QUIPU_PROFILE_SOAK) {
        return "there is no such profile";
    }
    if (!suite->server_stop != !suite->server_start) {
        return "to stop and to start the server go together";
    }
    return NULL;
}

int quipu_conformance_run(const quipu_conformance *suite)
{
    quipu_conformance known = { .struct_size = sizeof(known) };
    struct program program = { .out_of_memory = false };
    const char *fault;
    int status;

    quipu_subprocess_enter();
    if (!suite || suite->struct_size < sizeof(suite->struct_size)) {
        return misuse("struct_size is not set");
    }
    memcpy(&known, suite,
           suite->struct_size < sizeof(known) ? suite->struct_size
                                              : sizeof(known));
    program.run = make_run(&known);
    fault = find_fault(&known);
    if (!fault && !selects_any(&program.run)) {
        fault = "no case is selected; see --list";
    }
    if (fault) {
        return misuse(fault);
    }
    if (!quipu_outputs_open(&program.outputs, known.format, known.outputs)) {
        return QUIPU_CONFORMANCE_MISUSE;
    }
    status = run_all(&program, known.uris);
    quipu_results_finish(&program.results);
    if (!quipu_outputs_close(&program.outputs)) {
        return QUIPU_CONFORMANCE_MISUSE;
    }
    return status;
}
