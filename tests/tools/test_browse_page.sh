#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# browse: the page in a browser, if there is one: the views at 400 and 1280
# pixels, light and dark, the keyboard, the log live, and hostile contents. The
# pictures are in the folder that QUIPU_TEST_PICTURES names, or in that of the
# test.
. "$(dirname "$0")/serve.sh"
command=browse
browser=
for program in chromium chromium-browser google-chrome; do
    [ -n "$browser" ] || browser=$(command -v $program) || :
done
command -v python3 >found || browser=
[ -n "$browser" ] || {
    echo "needs Chromium and python3; see ./dev browse-check" |
        tee "${QUIPU_TEST_SKIPPED:-/dev/null}"
    exit 77
}
here=$(dirname "$0")

a=$(store shop)
b=$(store hostile)
for kind in shop hostile; do
    python3 "$here/browse_items.py" $kind >$kind.jsonl
    expect 0 sh -c '"$1" import "$2" <"$3"' sh "$quipu" "$(store $kind)" \
        $kind.jsonl
done
head -n 2 shop.jsonl >schema
serve "$b" --port 0
hostile=$url
first=$server
serve "$a" --port 0
python3 -B "$here/browse_page.py" "$browser" "$quipu" "$url" "$a" "$hostile" \
    "${QUIPU_TEST_PICTURES:-pictures}" || fail "the page"
stop
server=$first
stop
finish
