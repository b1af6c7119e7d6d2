/* SPDX-License-Identifier: Apache-2.0 */
/* The public functions: a run of the suite, from its parameters or its command
 * line to the exit status. */
#include "context/folder.h"
#include "context/store_uri.h"
#include "context/subprocess.h"
#include "history/record.h"
#include "outputs.h"
#include "program.h"

#include <quipu/conformance.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

static struct quipu_scorecard *last(struct program *program)
{
    return &program->results.cards[program->results.count - 1];
}

static void add_outcome(void *context, const struct quipu_outcome *outcome)
{
    struct program *program = context;
    const struct quipu_case_result *result =
        quipu_results_add_case(last(program), outcome);

    if (result) {
        quipu_outputs_case_end(&program->outputs, &program->results, result);
    } else {
        program->out_of_memory = true;
    }
}

/* Only the scheme of a URI that could not be opened: the rest may contain a
 * password. */
static void name_unopened(struct quipu_scorecard *card)
{
    snprintf(card->store.uri, sizeof(card->store.uri),
             "%.*s:", (int)strcspn(card->run.uri, ":"), card->run.uri);
}

static bool run_uri(struct program *program, const char *uri)
{
    struct quipu_scorecard *card;
    int64_t begin = quipu_context_now();
    bool opened;

    program->run.uri = uri;
    card = quipu_results_add_card(&program->results, &program->run);
    if (!card) {
        return false;
    }
    opened = quipu_probe_run(&program->run, &card->store, card->problem,
                             sizeof(card->problem));
    if (opened) {
        card->problem[0] = '\0';
    } else {
        name_unopened(card);
    }
    quipu_outputs_open_card(&program->outputs, &program->results);
    if (opened) {
        card->ended = quipu_runner_all(&program->run, &card->store, add_outcome,
                                       program) &&
                      !program->out_of_memory;
        card->milliseconds = quipu_context_now() - begin;
        quipu_results_sort(card);
        quipu_outputs_close_card(&program->outputs, &program->results);
    }
    return !program->out_of_memory;
}

/* Returns true if only operations that are not written yet keep the results
 * from being complete: with `unfinished` the user knows that. */
static bool is_unfinished_only(const struct quipu_results *results)
{
    for (size_t i = 0; i < results->count; i++) {
        const struct quipu_scorecard *card = &results->cards[i];

        if (quipu_results_card_standing(card) != QUIPU_STANDING_HOLDS &&
            !quipu_results_lacks_operations(card)) {
            return false;
        }
    }
    return true;
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
        return is_unfinished_only(results) ? QUIPU_CONFORMANCE_HOLDS
                                           : QUIPU_CONFORMANCE_INCOMPLETE;
    }
}

static int run_all(struct program *program, const char *const *uris)
{
    int status;

    program->results.began = time(NULL);
    quipu_machine_describe(&program->results.machine);
    quipu_store_uri_sweep();
    quipu_record_folder_sweep();
    quipu_runner_catch_signals();
    quipu_outputs_begin(&program->outputs, &program->results);
    for (; *uris && !quipu_runner_signal(); uris++) {
        if (!run_uri(program, *uris)) {
            misuse("out of memory");
            break;
        }
        if (program->run.fail_fast &&
            quipu_results_standing(&program->results) ==
                QUIPU_STANDING_BROKEN) {
            break;
        }
    }
    quipu_outputs_end(&program->outputs, &program->results);
    status = status_of(&program->results);
    quipu_runner_restore_signals();
    return status;
}

/* Runs the selected case in this process, for a debugger. */
static int run_in_process(struct quipu_run *run, const char *uri)
{
    struct quipu_store store;
    char problem[2048];
    size_t i = 0;

    run->uri = uri;
    if (!quipu_probe_run(run, &store, problem, sizeof(problem))) {
        fprintf(stderr, "%s\n", problem);
        return QUIPU_CONFORMANCE_BROKEN;
    }
    while (!quipu_runner_selects(run, quipu_case_at(i))) {
        i++;
    }
    return quipu_runner_in_process(run, &store, quipu_case_at(i))
               ? QUIPU_CONFORMANCE_HOLDS
               : QUIPU_CONFORMANCE_INCOMPLETE;
}

/* Returns the number of selected cases. */
static size_t count_selected(const struct quipu_run *run)
{
    const struct quipu_case *case_;
    size_t count = 0;

    for (size_t i = 0; (case_ = quipu_case_at(i)); i++) {
        count += quipu_runner_selects(run, case_);
    }
    return count;
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
        .limit = suite->limit,
        .unfinished = suite->flags & QUIPU_CONFORMANCE_UNFINISHED,
        .fail_fast = suite->flags & QUIPU_CONFORMANCE_FAIL_FAST,
        .hooks = { suite->server_stop, suite->server_start, suite->context },
    };
}

/* Returns true if files can be created in a folder. */
static bool is_usable(const char *folder)
{
    struct stat info;

    return stat(folder, &info) == 0 && S_ISDIR(info.st_mode) &&
           access(folder, W_OK | X_OK) == 0;
}

/* Returns the reason for which the parameters are wrong, or NULL. */
static const char *find_fault(const quipu_conformance *suite,
                              const struct quipu_run *run)
{
    const char *histories = getenv(QUIPU_RECORD_FOLDER_VARIABLE);
    bool in_process = suite->flags & QUIPU_CONFORMANCE_IN_PROCESS;
    size_t selected = count_selected(run);

    if (!suite->uris || !suite->uris[0]) {
        return "no URI was given";
    }
    if (suite->profile > QUIPU_PROFILE_SOAK) {
        return "profile is not one of quick, full and soak";
    }
    if (!suite->server_stop != !suite->server_start) {
        return "server_stop and server_start have to be given together";
    }
    if (selected == 0) {
        return "no case matches the patterns; --list prints all cases";
    }
    if (in_process && (selected != 1 || suite->uris[1])) {
        return "a case runs in this process if one case and one URI are given";
    }
    if (histories && *histories && !is_usable(histories)) {
        return "the folder for histories (--histories or QUIPU_HISTORIES) does "
               "not exist, or no file can be created in it";
    }
    if (!is_usable(quipu_folder_parent())) {
        return "the folder of temporary files (TMPDIR) does not exist, or no "
               "file can be created in it";
    }
    return NULL;
}

int quipu_conformance_run(const quipu_conformance *suite)
{
    quipu_conformance known = { .struct_size = sizeof(known) };
    struct program program = { .out_of_memory = false };
    const char *fault;
    int status;

    quipu_subprocess_enter(quipu_subprocess_jobs);
    if (!suite || suite->struct_size < sizeof(suite->struct_size)) {
        return misuse("struct_size is not set");
    }
    memcpy(&known, suite,
           suite->struct_size < sizeof(known) ? suite->struct_size
                                              : sizeof(known));
    program.run = make_run(&known);
    fault = find_fault(&known, &program.run);
    if (fault) {
        return misuse(fault);
    }
    if (known.flags & QUIPU_CONFORMANCE_IN_PROCESS) {
        return run_in_process(&program.run, known.uris[0]);
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

/* ------------------------------------------------------------- command line */

/* Does what the options request; returns the exit status. */
static int execute(struct quipu_options *options)
{
    const struct quipu_run run = { .only = options->suite.only,
                                   .skip = options->suite.skip };

    if (options->help) {
        fputs(quipu_options_usage, stdout);
        return QUIPU_CONFORMANCE_HOLDS;
    }
    if (options->list) {
        quipu_explain_list(stdout, &run);
        return QUIPU_CONFORMANCE_HOLDS;
    }
    if (options->explain) {
        return quipu_explain(stdout, options->explain)
                   ? QUIPU_CONFORMANCE_HOLDS
                   : QUIPU_CONFORMANCE_MISUSE;
    }
    if (options->history) {
        return quipu_check_history_run(options->history);
    }
    if (!options->suite.uris || !options->suite.uris[0]) {
        fprintf(stderr, "quipu-conformance: no URI was given\n%s",
                quipu_options_usage);
        return QUIPU_CONFORMANCE_MISUSE;
    }
    return quipu_conformance_run(&options->suite);
}

int quipu_conformance_main(int argc, char **argv,
                           const quipu_conformance *suite)
{
    struct quipu_options options;
    int status;

    quipu_subprocess_enter(quipu_subprocess_jobs);
    status = quipu_options_parse(&options, suite, argc, argv)
                 ? execute(&options)
                 : QUIPU_CONFORMANCE_MISUSE;
    quipu_options_finish(&options);
    return status;
}
