#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# test_relative_library.sh PROGRAM LIBRARY CONFIGURED: fails unless a library
# that is loaded along a relative LD_LIBRARY_PATH looks for drivers beside
# itself, although the program has changed its folder since; or, if its file was
# removed, in the folder CONFIGURED.
set -eu
. "$(dirname "$0")/../../lib.sh"
program=$1
library=$2
configured=$3
unset QUIPU_DRIVER_PATH

# looks_in FOLDER [FILE]: the program, which removes FILE.
looks_in()
{
    folder=$1
    shift
    expect 0 env LD_LIBRARY_PATH=moved "$program" "$@"
    grep -qF "looked for $folder/nowhere.so" out ||
        fail "not looked for in $folder: $(cat out)"
}

mkdir moved "moved to"
name=${library##*/}
cp "$library" "moved/$name"
looks_in "$(pwd -P)/moved/quipu/drivers/1"
mv "moved/$name" "moved to"
rmdir moved
ln -s "moved to" moved
looks_in "$(pwd -P)/moved to/quipu/drivers/1"
looks_in "$configured" "moved/$name"
finish
