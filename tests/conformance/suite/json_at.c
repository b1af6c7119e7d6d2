/* SPDX-License-Identifier: Apache-2.0 */
/* json_at FILE STEP...: prints the value of a JSON document at the end of a
 * path of names and indexes; "#" is the number of elements. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int print(const json_t *value)
{
    if (json_is_string(value)) {
        puts(json_string_value(value));
    } else if (json_is_integer(value)) {
        printf("%lld\n", (long long)json_integer_value(value));
    } else if (json_is_real(value)) {
        printf("%.3f\n", json_real_value(value));
    } else if (json_is_boolean(value)) {
        puts(json_is_true(value) ? "true" : "false");
    } else {
        puts(value ? "a container" : "absent");
    }
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    json_error_t error;
    json_t *document =
        json_load_file(argc > 1 ? argv[1] : "", JSON_REJECT_DUPLICATES, &error);
    const json_t *at = document;
    int status = EXIT_FAILURE;

    if (!document) {
        fprintf(stderr, "line %d: %s\n", error.line, error.text);
        return EXIT_FAILURE;
    }
    for (int i = 2; i < argc && strcmp(argv[i], "#") != 0; i++) {
        at = json_is_array(at) ? json_array_get(at, strtoul(argv[i], NULL, 10))
                               : json_object_get(at, argv[i]);
    }
    if (strcmp(argv[argc - 1], "#") == 0) {
        printf("%zu\n", json_array_size(at));
        status = EXIT_SUCCESS;
    } else {
        status = print(at);
    }
    json_decref(document);
    return status;
}
