#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# reference.sh OUTPUT: writes the site OUTPUT/html and the manual pages
# OUTPUT/man/man3 from the public headers and docs/. Fails if Doxygen warns, or
# if a public function has no manual page with a text of its own.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$1"
output=$(cd "$1" && pwd)
rm -rf "${output:?}/html" "$output/man" "$output/pages"

# Doxygen loses its way in folders with a blank in their names, so it reads a
# copy.
copy=$(mktemp -d)
trap 'rm -rf -- "$copy"' EXIT
mkdir "$copy/include"
cp -R "$root/docs" "$copy/docs"
cp -R "$root/include/quipu" "$copy/include/quipu"
version=$(sed -n 's/^ *VERSION \([0-9.]*\).*/\1/p' "$root/CMakeLists.txt" |
    head -n 1)
sed -e "s|@root@|$copy|g" -e "s|@output@|$output|g" -e "s|@version@|$version|" \
    "$root/docs/reference/Doxyfile.in" >"$output/Doxyfile"
doxygen "$output/Doxyfile"

# Doxygen names the page of a header after the header alone, and makes one for
# each member of a struct.
cd "$output/man/man3"
find . -name '*.3' ! -name 'quipu_*' ! -name 'QUIPU_*' ! -name '*.h.3' -delete
for page in *.h.3; do
    # Its synopsis lists the headers that the header includes.
    awk -v header="quipu/${page%.3}" '
        /^\.SH / { synopsis = $2 == "SYNOPSIS" }
        /^\\fC#include/ && synopsis { next }
        { print }
        /^\.SH SYNOPSIS/ { print "\\fC#include <" header ">\\fP" }' \
        "$page" >"quipu-$page"
    rm "$page"
done
find . -name '*.3' ! -name '*.h.3' -exec \
    sed -i 's|^\.so man3/\(.*\.h\.3\)$|.so man3/quipu-\1|' {} +

# Doxygen writes a quotation mark at the beginning of a line as ', which begins
# a request, and no summary for a struct without one.
find . -name '*.3' -exec sed -i "s/^'/\\\\\&'/
    /^\.SH NAME/{n;s/^\(quipu_[a-z_]*\)\$/\1 \\\\- struct of the library quipu/}" {} +

faults=0
while read -r function; do
    page=$(sed -n 's|^\.so man3/||p' "$function.3" 2>/dev/null) || page=
    # The paragraph behind the prototype.
    if [ -z "$page" ] || ! awk -v name=" $function (" '
        /^\.SS / { here = index($0, name) }
        here && /^[A-Za-z`"*\\]/ { found = 1 }
        END { exit !found }' "$page"
    then
        echo "reference: $function has no text in its manual page" >&2
        faults=$((faults + 1))
    fi
done <"$root/core/quipu.symbols"
echo "reference: $(wc -l <"$root/core/quipu.symbols") functions, $faults faults"
[ "$faults" = 0 ]
