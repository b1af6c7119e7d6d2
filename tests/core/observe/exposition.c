/* SPDX-License-Identifier: Apache-2.0 */
#include "exposition.h"

#include <ctype.h>
#include <math.h>

#include <quipu/observe.h>

/* ----------------------------------------------------------------- parsing */

/* A family, while its samples are read. */
struct family {
    char name[128];
    char type[16];
};

/* The histogram series whose buckets are read. */
struct histogram {
    char labels[512]; /* without `le`; "" before the first */
    double last_bound;
    double last_count;
    bool has_infinity;
    bool has_sum;
    bool is_complete;
};

static bool is_name(const char *text, size_t size, bool is_label)
{
    for (size_t i = 0; i < size; i++) {
        bool is_letter = isalpha((unsigned char)text[i]) || text[i] == '_' ||
                         (!is_label && text[i] == ':');

        if (!is_letter && (i == 0 || !isdigit((unsigned char)text[i]))) {
            return false;
        }
    }
    return size > 0 &&
           !(is_label && size > 1 && text[0] == '_' && text[1] == '_');
}

/* Returns the end of a quoted value, or NULL. */
static const char *quoted(const char *at)
{
    if (*at++ != '"') {
        return NULL;
    }
    for (; *at != '"'; at++) {
        if (*at == '\0' || *at == '\n') {
            return NULL;
        }
        if (*at == '\\' && !strchr("\\\"n", *++at)) {
            return NULL;
        }
    }
    return at + 1;
}

/* Reads the labels from "{" on; copies those but `le` to `others`, and sets *le
 * to its value. Returns their end, or NULL. */
static const char *labels_of(const char *at, char others[512], double *le)
{
    size_t used = 0;

    *le = NAN;
    others[0] = '\0';
    if (*at++ != '{') {
        return NULL;
    }
    for (;;) {
        const char *name = at;
        size_t size = strcspn(at, "=}\n");
        const char *end = at[size] == '=' ? quoted(at + size + 1) : NULL;

        if (!end || !is_name(name, size, true)) {
            return NULL;
        }
        if (size == 2 && strncmp(name, "le", 2) == 0) {
            *le = strtod(at + size + 2, NULL);
        } else {
            used += (size_t)snprintf(others + used, 512 - used, "%.*s,",
                                     (int)(end - name), name);
        }
        at = end + 1;
        if (*end == '}') {
            return at;
        }
        if (*end != ',') {
            return NULL;
        }
    }
}

static const char *begin_histogram(struct histogram *histogram,
                                   const char *labels)
{
    if (histogram->labels[0] && !histogram->is_complete) {
        return "a histogram without _count";
    }
    *histogram = (struct histogram){ .last_bound = -INFINITY };
    (void)snprintf(histogram->labels, sizeof(histogram->labels), "%s", labels);
    return NULL;
}

/* Checks a sample of a histogram; `suffix` is behind the family's name. */
static const char *check_histogram(struct histogram *histogram,
                                   const char *suffix, size_t size,
                                   const char *labels, double le, double value)
{
    bool is_new = strcmp(histogram->labels, labels) != 0;

    if (size == 7 && strncmp(suffix, "_bucket", 7) == 0) {
        const char *wrong = is_new ? begin_histogram(histogram, labels) : NULL;

        if (wrong || !(le > histogram->last_bound) ||
            value < histogram->last_count) {
            return wrong ? wrong : "buckets in disorder";
        }
        histogram->last_bound = le;
        histogram->last_count = value;
        histogram->has_infinity = isinf(le);
        return NULL;
    }
    if (is_new || !isnan(le) || !histogram->has_infinity) {
        return "a histogram without the bucket +Inf";
    }
    if (size == 4 && strncmp(suffix, "_sum", 4) == 0) {
        histogram->has_sum = true;
        return NULL;
    }
    if (size != 6 || strncmp(suffix, "_count", 6) != 0 || !histogram->has_sum ||
        value != histogram->last_count) {
        return "a _count that is not the bucket +Inf, or before _sum";
    }
    histogram->is_complete = true;
    return NULL;
}

static const char *check_sample(struct exposition *exposition,
                                const struct family *family,
                                struct histogram *histogram, const char *line)
{
    size_t size = strcspn(line, "{ \n");
    size_t base = strlen(family->name);
    char labels[512];
    double le;
    const char *at = labels_of(line + size, labels, &le);
    char *end;

    if (!is_name(line, size, false) || strncmp(line, family->name, base) != 0) {
        return "a sample of another family";
    }
    if (!at || *at != ' ') {
        return "malformed labels";
    }
    double value = strtod(at + 1, &end);

    if (end == at + 1 || *end != '\n') {
        return "a malformed value, or a timestamp";
    }
    struct exposition_sample sample = { line, (size_t)(at - line), value };

    for (size_t i = 0; i < exposition->count; i++) {
        if (exposition->samples[i].size == sample.size &&
            memcmp(exposition->samples[i].series, line, sample.size) == 0) {
            return "a series that occurs twice";
        }
    }
    exposition->samples[exposition->count++] = sample;
    if (strcmp(family->type, "histogram") == 0) {
        return check_histogram(histogram, line + base, size - base, labels, le,
                               value);
    }
    return size == base && value >= 0 ? NULL : "a sample of another family";
}

/* Reads "# HELP name text" and "# TYPE name type". */
static const char *begin_family(struct family *family, const char *help,
                                const char *type, const char *seen)
{
    char name[128] = "";
    char mark[160];
    int words = sscanf(help, "# HELP %127s %*[^\n]", name);

    if (words != 1 ||
        sscanf(type, "# TYPE %127s %15s", family->name, family->type) != 2 ||
        strcmp(name, family->name) != 0 ||
        !is_name(name, strlen(name), false)) {
        return "HELP and TYPE that do not belong together";
    }
    (void)snprintf(mark, sizeof(mark), "# HELP %s ", name);
    if (strstr(seen, mark) != help) {
        return "a family that occurs twice";
    }
    size_t size = strlen(name);
    bool is_total = size > 6 && strcmp(name + size - 6, "_total") == 0;

    if (strcmp(family->type, "counter") == 0 ? !is_total : is_total) {
        return "_total at another metric than a counter, or none at one";
    }
    return strcmp(family->type, "counter") == 0 ||
                   strcmp(family->type, "gauge") == 0 ||
                   strcmp(family->type, "histogram") == 0
               ? NULL
               : "an unknown type";
}

const char *exposition_parse(struct exposition *exposition)
{
    static char message[512];
    struct family family = { .name = "" };
    struct histogram histogram = { .labels = "" };
    const char *line = exposition->text;
    const char *wrong = NULL;

    exposition->count = 0;
    while (*line && !wrong) {
        const char *end = strchr(line, '\n');

        if (!end) {
            return "no newline at the end";
        }
        const char *next = end + 1;

        if (*line == '#') {
            wrong = histogram.labels[0] && !histogram.is_complete
                        ? "a histogram without _count"
                        : begin_family(&family, line, next, exposition->text);
            histogram = (struct histogram){ .labels = "" };
            next = strchr(next, '\n') ? strchr(next, '\n') + 1 : next;
            wrong = !wrong && (*next == '#' || *next == '\0')
                        ? "a family without samples"
                        : wrong;
        } else {
            wrong = check_sample(exposition, &family, &histogram, line);
        }
        if (wrong) {
            (void)snprintf(message, sizeof(message), "%s: %.*s", wrong,
                           (int)(end - line), line);
        }
        line = next;
    }
    return wrong ? message : NULL;
}

/* ----------------------------------------------------------------- reading */

static int append_text(void *context, const char *text, size_t size,
                       quipu_error *error)
{
    struct exposition *exposition = context;
    char *grown = realloc(exposition->text, exposition->size + size + 1);

    (void)error;
    if (!grown) {
        return QUIPU_NO_MEMORY;
    }
    exposition->text = grown;
    memcpy(exposition->text + exposition->size, text, size);
    exposition->size += size;
    exposition->text[exposition->size] = '\0';
    return QUIPU_OK;
}

struct exposition *exposition_read(void)
{
    struct exposition *exposition = calloc(1, sizeof(*exposition));
    quipu_error error;

    assert_non_null(exposition);
    assert_ok(quipu_metrics_write(append_text, exposition, &error), &error);
    const char *wrong = exposition_parse(exposition);

    if (wrong) {
        fail_msg("%s", wrong);
    }
    return exposition;
}

void exposition_free(struct exposition *exposition)
{
    free(exposition->text);
    free(exposition);
}

static const struct exposition_sample *find(const struct exposition *exposition,
                                            const char *series)
{
    for (size_t i = 0; i < exposition->count; i++) {
        const struct exposition_sample *sample = &exposition->samples[i];

        if (sample->size == strlen(series) &&
            memcmp(sample->series, series, sample->size) == 0) {
            return sample;
        }
    }
    return NULL;
}

double exposition_value(const struct exposition *exposition, const char *series)
{
    const struct exposition_sample *sample = find(exposition, series);

    return sample ? sample->value : 0;
}

bool exposition_has(const struct exposition *exposition, const char *series)
{
    return find(exposition, series) != NULL;
}

double exposition_sum(const struct exposition *exposition, const char *prefix)
{
    double sum = 0;

    for (size_t i = 0; i < exposition->count; i++) {
        if (strncmp(exposition->samples[i].series, prefix, strlen(prefix)) ==
            0) {
            sum += exposition->samples[i].value;
        }
    }
    return sum;
}
