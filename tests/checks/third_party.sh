#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# third_party.sh BUILD: runs the commands of the example's README with an
# installed quipu and a copy of the installed folder of the example, then checks
# the driver that they build. Writes logs into the current folder.
set -eu
build=$1
here=$(cd "$(dirname "$0")" && pwd)
unset QUIPU_DRIVER_PATH LD_LIBRARY_PATH PKG_CONFIG_PATH DESTDIR

# The folder is outside of the source tree, so that nothing of it is found in a
# parent folder.
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
cmake --install "$build" --prefix "$folder/quipu" >install.log
cp -R "$folder"/quipu/share/doc/*/examples/third-party-driver "$folder/copy"

awk '/^```/ { inside = $0 == "```sh"; next } inside' "$folder/copy/README.md" |
    sed "s|/where/quipu/is|$folder/quipu|" >lines.sh
grep -q cmake lines.sh || { echo "README.md has no commands"; exit 1; }
lines=$PWD/lines.sh
(cd "$folder/copy" && sh -eux "$lines") >lines.log 2>&1 || {
    cat lines.log
    echo "The commands of README.md fail."
    exit 1
}
grep '^# passed' lines.log

module=$folder/copy/build/lib/quipu/drivers/1/memory.so
sh "$here/exports.sh" driver "$module"
if ldd "$module" | grep quipu; then
    echo "The driver links a library of quipu."
    exit 1
fi
# An installed driver is found without QUIPU_DRIVER_PATH.
"$folder/quipu/bin/quipu-conformance" memory: --only 'U1.*' >installed.log || {
    cat installed.log
    echo "The suite fails with the installed driver."
    exit 1
}
echo "the third-party driver works"
