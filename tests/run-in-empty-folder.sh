#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run-in-empty-folder.sh FOLDER COMMAND...: runs a test in an empty folder of
# its own and leaves there what the test leaves, for a look at a failure. A test
# that is skipped, in part or as a whole, writes the reason to FOLDER.skipped.
set -eu
folder=$1
shift
rm -rf -- "$folder" "$folder.skipped"
mkdir -p -- "$folder"
cd -- "$folder"
export QUIPU_TEST_SKIPPED="$folder.skipped"
exec "$@"
