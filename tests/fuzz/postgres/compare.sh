#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# compare.sh RECORDER RECORDING: records once more, inside with-cluster, and
# fails if the sessions have other statements than the recording. To renew it:
#
#   tests/postgres/with-cluster BUILD/tests/bin/postgres_recorder \
#       tests/fuzz/corpus/recording/postgres
set -eu
"$1" now
statements()
{
    grep '^Q' "$1" | LC_ALL=C sort -u
}
statements now >new.txt
statements "$2" >old.txt
diff old.txt new.txt
