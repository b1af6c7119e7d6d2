/* SPDX-License-Identifier: Apache-2.0 */
/* --list and --explain: cases and guarantees, without running anything. */
#include "program.h"

#include "report/guarantees.h"
#include "report/labels.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Writes the names of the bits, separated by commas, or `none`. */
static void write_bits(FILE *to, uint32_t bits, const char *none)
{
    struct quipu_trait_label word;
    bool any = false;

    for (size_t i = 0; (word = quipu_labels_trait(i)).name; i++) {
        if (bits & word.bit) {
            fprintf(to, "%s%s", any ? ", " : "", word.name);
            any = true;
        }
    }
    fputs(any ? "" : none, to);
}

static const char *profile_of(const struct quipu_case *case_)
{
    return case_->needs & QUIPU_TRAIT_HEAVY ? "full and soak"
                                            : "quick, full and soak";
}

static void write_needs(FILE *to, const struct quipu_case *case_)
{
    fputs("    needs ", to);
    write_bits(to, case_->needs & ~(uint32_t)QUIPU_TRAIT_HEAVY, "nothing");
    if (case_->lacks) {
        fputs("; only without ", to);
        write_bits(to, case_->lacks, "");
    }
    fprintf(to, "; profiles %s\n", profile_of(case_));
}

void quipu_explain_list(FILE *to, const struct quipu_run *run)
{
    const struct quipu_case *case_;

    for (size_t i = 0; (case_ = quipu_case_at(i)); i++) {
        const struct quipu_guarantee *g = quipu_guarantee_of(case_->id);

        if (quipu_runner_selects(run, case_)) {
            fprintf(to, "%s\n    %s %s\n", case_->id, g ? g->id : "",
                    g ? g->title : "");
            write_needs(to, case_);
            fprintf(to, "    %s\n", case_->why);
        }
    }
}

/* ------------------------------------------------------------ where to look */

/*
 * Writes the path of a file of quipu's sources as it is installed with the
 * suite: a page of docs/ in the folder of documentation, another file below it.
 * The folder is found from that of the suite's library, or of a program that
 * contains the suite, so an installed tree can be moved.  If the file is not
 * there, as in a build, its path in the sources is written.
 */
static void write_path(FILE *to, const char *file)
{
    static const char *const ways[] = { QUIPU_LIBDIR_TO_DOC,
                                        QUIPU_BINDIR_TO_DOC };
    const char *rest = strncmp(file, "docs/", 5) == 0 ? file + 5 : file;
    char folder[PATH_MAX], path[2 * PATH_MAX];
    Dl_info info;
    bool found = dladdr(ways, &info) && realpath(info.dli_fname, folder);
    char *end = found ? strrchr(folder, '/') : NULL;

    for (size_t i = 0; end && i < sizeof(ways) / sizeof(*ways); i++) {
        *end = '\0';
        snprintf(path, sizeof(path), "%s/%s/%s", folder, ways[i], rest);
        if (access(path, R_OK) == 0 && realpath(path, folder)) {
            fputs(folder, to);
            return;
        }
    }
    fputs(file, to);
}

/* The sections of docs/writing-a-driver.md, by prefix of a case's id; the first
 * prefix that matches counts. */
static const struct {
    const char *prefix, *section;
} sections[] = {
    { "S4.", "6. Reading" },
    { "V1.", "6. Reading" },
    { "V4.", "6. Reading" },
    { "L4.", "7. Waiting" },
    { "L5.", "4. Opening, and the catalogue" },
    { "F2.", "4. Opening, and the catalogue" },
    { "F3.", "4. Opening, and the catalogue" },
    { "F4.", "4. Opening, and the catalogue" },
    { "F5.", "4. Opening, and the catalogue" },
    { "options.", "4. Opening, and the catalogue" },
    { "contract.", "8. Deadlines, errors, memory" },
    { "", "5. Appending" },
};

static const char *section_of(const char *id)
{
    size_t i = 0;

    while (strncmp(sections[i].prefix, id, strlen(sections[i].prefix)) != 0) {
        i++;
    }
    return sections[i].section;
}

/* -------------------------------------------------- one case, one guarantee */

static void write_guarantee(FILE *to, const struct quipu_guarantee *g)
{
    fprintf(to, "%s %s\n", g->id, g->title);
    for (const char *line = g->text; *line;) {
        int length = (int)strcspn(line, "\n");

        fprintf(to, "    %.*s\n", length, line);
        line += length + (line[length] == '\n');
    }
}

static void write_case(FILE *to, const struct quipu_case *case_)
{
    const struct quipu_guarantee *g = quipu_guarantee_of(case_->id);
    char source[100];

    fprintf(to, "%s\n    %s\n", case_->id, case_->why);
    write_needs(to, case_);
    fputc('\n', to);
    if (g) {
        write_guarantee(to, g);
    }
    fprintf(to,
            "\nTo run it alone, with the seed that a report names:\n"
            "    quipu-conformance URI --only '%s' --seed N%s\n"
            "To run it under a debugger:\n"
            "    gdb -ex 'break quipu_assertion_fail' --args \\\n"
            "        quipu-conformance URI --in-process '%s'\n"
            "\nMore about it:\n    ",
            case_->id,
            case_->needs & QUIPU_TRAIT_HEAVY ? " --profile full" : "",
            case_->id);
    write_path(to, "docs/writing-a-driver.md");
    fprintf(to, ", \"%s\"\n    ", section_of(case_->id));
    snprintf(source, sizeof(source), "conformance/cases/%s.c",
             quipu_case_family(case_));
    write_path(to, source);
    fputs(" contains the case\n    ", to);
    write_path(to, "examples/third-party-driver");
    fputs(" is a complete driver\n", to);
}

static void write_cases(FILE *to, const struct quipu_guarantee *g)
{
    const struct quipu_case *case_;

    fputs("\nCases:\n", to);
    for (size_t i = 0; (case_ = quipu_case_at(i)); i++) {
        if (quipu_guarantee_of(case_->id) == g) {
            fprintf(to, "    %s\n        %s\n", case_->id, case_->why);
        }
    }
}

static void suggest(const char *id)
{
    const char *ids[QUIPU_SUGGESTIONS];
    size_t count = quipu_suggest(id, ids);

    fprintf(stderr, "quipu-conformance: there is no case or guarantee %s", id);
    for (size_t i = 0; i < count; i++) {
        fprintf(stderr, "%s%s", i > 0 ? "\n    " : "; did you mean\n    ",
                ids[i]);
    }
    fputs("\n", stderr);
}

bool quipu_explain(FILE *to, const char *id)
{
    const struct quipu_guarantee *g = quipu_guarantee_of(id);
    const struct quipu_case *case_;
    size_t i = 0;

    while ((case_ = quipu_case_at(i)) && strcmp(case_->id, id) != 0) {
        i++;
    }
    if (case_) {
        write_case(to, case_);
    } else if (g && strcmp(g->id, id) == 0) {
        write_guarantee(to, g);
        write_cases(to, g);
    } else {
        suggest(id);
        return false;
    }
    return true;
}
