#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# topics: the counts of topics and versions, of several schemas and many items.
. "$(dirname "$0")/lib.sh"

a=$(store a)
big=$(store big)
empty=$(store empty)

"$plant" versions "$a"
expect 0 "$quipu" topics "$a"
same <<END
topic             version  items
Thing.Changed           1      1
Thing.Changed           2      2
Thing.Changed  unreadable      1
Thing.Ended             1      1
END
quiet
expect 0 "$quipu" topics --json "$a"
same <<END
{"schema":"stored_events","topic":"Thing.Changed","version":1,"items":1}
{"schema":"stored_events","topic":"Thing.Changed","version":2,"items":2}
{"schema":"stored_events","topic":"Thing.Changed","version":null,\
"unreadable":true,"items":1}
{"schema":"stored_events","topic":"Thing.Ended","version":1,"items":1}
END

"$plant" rich "$a"
expect 0 "$quipu" topics --json --schema stored_events "$a"
[ "$(wc -l <out)" = 4 ] || fail "another schema is counted"
expect 0 "$quipu" topics "$a"
says stored_events

"$plant" plain "$big" 5 200
expect 0 "$quipu" topics --json "$big"
same <<END
{"schema":"stored_events","topic":"Thing.Happened","version":1,"items":1000}
END

"$plant" plain "$empty" 0 0
expect 0 "$quipu" topics --json "$empty"
[ ! -s out ] || fail "an empty store has topics"
finish
