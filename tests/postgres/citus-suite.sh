#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# citus-suite.sh QUIPU-CONFORMANCE URI [ARGUMENT...]: runs the suite on a Citus
# cluster, for both recipes of docs/scaling.md.  URI names the coordinator and a
# database with Citus, without quipu's options:
#
#   tests/postgres/citus-suite.sh build/release/bin/quipu-conformance \
#       postgresql://quipu@localhost:5432/quipu \
#       --profile full --stop 'crash one node' --start 'start all nodes'
#
# It makes PostgreSQL schemas named conformance_*.  Exits with the first status
# that is not 0, after running both.
set -euo pipefail

[ $# -gt 1 ] || { sed -n 's/^# \{0,1\}//; 3,12p' "$0" >&2; exit 2; }
suite=$1
uri=$2
shift 2
case $uri in
*\?*) uri=$uri'&' ;;
*) uri=$uri'?' ;;
esac
shards='options=-c%20citus.shard_count%3D4' # fewer tables for each case
status=0
"$suite" "${uri}schema={name}&distribute=schema" "$@" || status=$?
"$suite" "${uri}schema={name}&distribute=namespace&$shards" "$@" ||
    status=$((status == 0 ? $? : status))
exit "$status"
