#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run-in-empty-folder.sh FOLDER COMMAND...: runs a test in an empty folder of
# its own and leaves there what the test leaves, for a look at a failure.
set -eu
folder=$1
shift
rm -rf -- "$folder"
mkdir -p -- "$folder"
cd -- "$folder"
exec "$@"
