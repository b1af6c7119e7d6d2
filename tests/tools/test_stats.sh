#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# stats: numbers of known stores.
. "$(dirname "$0")/lib.sh"

a=$(store a)
"$plant" plain "$a" 2 3
expect 0 "$quipu" stats "$a"
same <<END
schema          stored_events
  items         6
  sequences     2, of 3.0 items on average; the longest has 3: $zero
  states        36 bytes, 6.0 on average; the largest has 6: notification id 1
END
quiet
expect 0 "$quipu" append --time 2020-02-29 "$a" $one Thing.Happened \
    '{"text": "0123456789"}'
for age in 3d 1h now; do
    expect 0 "$quipu" append --time $age "$a" $one Thing.Happened '{}'
done
expect 0 "$quipu" stats --json "$a"
says '"items":10,"erased":0,"encrypted":0,"sequences":2,"longest_sequence":7,'
says '"longest_sequence_id":"'$one'"'
says '"largest_state_id":7,"first_time":"2020-02-29T00:00:00.000000Z"'
says '"last_day":2,"last_week":3}'
TZ=XYZ-3 expect 0 "$quipu" stats --local "$a"
says "times         2020-02-29T03:00:00.000000+03:00 to 2"
says "lately        2 items in 24 hours, 3 in 7 days"
expect 0 "$quipu" erase --yes --sequence $one --from 0 --to 1 "$a"
expect 0 "$quipu" stats "$a"
says "items         10, 2 of them erased"

# Several schemas, one of them sparse; an empty store; progress.
"$plant" rich "$a"
expect 0 "$quipu" stats --json "$a"
says '"schema":"rich","items":12,'
says '"longest_sequence":null,"longest_sequence_id":null,'
expect 0 "$quipu" stats --progress "$a"
says "schema          rich"
complains "quipu: rich: reading, "
empty=$(store empty)
"$plant" plain "$empty" 0 0
expect 0 "$quipu" stats "$empty"
same <<END
schema          stored_events
  items         0
  sequences     0
END
expect 1 "$quipu" stats "$(store missing)"
finish
