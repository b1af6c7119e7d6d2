#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# timers: lists the timers of a store; copy tells that it leaves them out.
. "$(dirname "$0")/lib.sh"

a=$(store a)

"$plant" plain "$a" 2 1
expect 0 "$quipu" timers "$a"
same <<'END'
table  due  sequence  name  topic  reason
0 timers
END
"$plant" timers "$a"
expect 0 "$quipu" timers --full "$a"
quiet
sed 's/  *$//; s/  CONFLICT:.*/  CONFLICT/; s/   */  /g' out >cut
mv cut out
same <<END
table  due  sequence  name  topic  reason
others  2100-01-01T00:00:00.000002Z  $zero  other  Thing.Happened
stored_events  2100-01-01T00:00:00.000000Z  $one  fir\\x07st  \
Thing.Happened
stored_events  2100-01-01T00:00:00.000001Z  $zero  second  \
Thing.Happened
stored_events  1970-01-01T00:00:00.000001Z  $one  refused  \
Thing.Happened  CONFLICT
4 timers
END
expect 0 "$quipu" timers --json "$a"
[ "$(wc -l <out)" = 4 ] || fail "not a line for each timer"
says '"table":"others","due":"2100-01-01T00:00:00.000002Z",'
says '"sequence_id":"'$zero'","name":"other",'
says '"name":"other","topic":"Thing.Happened","code":null,"message":null}'
says '"name":"refused","topic":"Thing.Happened","code":"CONFLICT","message":"'

# They are not copied, and that is told.
expect 0 "$quipu" copy "$a" "$(store b)"
complains "4 timers are not copied"
expect 0 "$quipu" timers "$(store b)"
says "0 timers"
expect 0 "$quipu" copy "$(store b)" "$(store c)"
quiet

# A store without entries has none.
expect 0 "$quipu" timers "memory:?create=yes&readonly=no"
says "0 timers"

finish
