/* SPDX-License-Identifier: Apache-2.0 */
/* A consumer as JSON. */
#include "consumers/description.h"
#include "consumers/groups.h"
#include "output/jsonl.h"

/* null for -1, which means unknown. */
static json_t *json_of_number(int64_t number)
{
    return number < 0 ? json_null() : json_integer(number);
}

static json_t *json_of_age(int64_t microseconds)
{
    return microseconds < 0 ? json_null()
                            : json_real((double)microseconds / 1e6);
}

void consumers_description_set_json(json_t *line,
                                    const quipu_consumer *consumer)
{
    jsonl_set(line, "consumer", jsonl_string(consumer->name));
    jsonl_set(line, "log", jsonl_string(consumer->log));
    jsonl_set(line, "record", json_integer(consumer->position.notification_id));
    jsonl_set(line, "head", json_of_number(consumer->head));
    jsonl_set(line, "behind", json_of_number(consumer->behind));
    jsonl_set(line, "age_seconds", json_of_age(consumer->behind_microseconds));
    jsonl_set(line, "parked", json_integer(consumer->parked));
    jsonl_set(line, "skipped", json_integer(consumer->skipped));
    jsonl_set(line, "projection",
              json_boolean(consumer->flags & QUIPU_CONSUMER_PROJECTION));
    jsonl_set(line, "shown",
              json_boolean(consumer->flags & QUIPU_CONSUMER_SHOWN));
    jsonl_set(line, "set_back",
              json_boolean(consumer->flags & QUIPU_CONSUMER_SET_BACK));
    consumers_groups_set_json(line, consumer);
}

json_t *consumers_description_json(const quipu_consumer *consumer)
{
    json_t *line = json_object();

    consumers_description_set_json(line, consumer);
    return line;
}
