#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# third_party.sh BUILD EXAMPLE: does what the example's README says, line by
# line, as somebody would who has an installed quipu and a copy of that folder
# alone; then looks at the driver that came of it.
set -eu
build=$1
example=$2
here=$(cd "$(dirname "$0")" && pwd)
unset QUIPU_DRIVER_PATH LD_LIBRARY_PATH PKG_CONFIG_PATH DESTDIR

# Outside of the tree, so that nothing of it can be found by going up.
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
cmake --install "$build" --prefix "$folder/quipu" >install.log
cp -R "$example" "$folder/copy"

awk '/^```/ { inside = $0 == "```sh"; next } inside' "$example/README.md" |
    sed "s|/where/quipu/is|$folder/quipu|" >lines.sh
grep -q cmake lines.sh || { echo "README.md has no lines to run"; exit 1; }
lines=$PWD/lines.sh
(cd "$folder/copy" && sh -eux "$lines") >lines.log 2>&1 || {
    cat lines.log
    echo "The lines of README.md do not work."
    exit 1
}
grep '^# passed' lines.log

module=$folder/copy/build/lib/quipu/drivers/1/memory.so
sh "$here/exports.sh" driver "$module"
if ldd "$module" | grep quipu; then
    echo "The driver needs something of quipu."
    exit 1
fi
# Installed, it is found without QUIPU_DRIVER_PATH.
"$folder/quipu/bin/quipu-conformance" memory: --only 'U1.*' >installed.log || {
    cat installed.log
    echo "The installed driver does not work."
    exit 1
}
echo "the third-party driver works"
