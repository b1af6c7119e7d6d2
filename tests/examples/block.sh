#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# block.sh PAGE LANGUAGE TEXT: prints the first fenced block of the page that is
# in that language and contains the text.
set -eu
awk -v language="$2" -v word="$3" '
    /^```/ && !inside { inside = 1; right = $0 == "```" language; text = ""
        next }
    /^```/ { inside = 0; if (right && index(text, word)) { printf "%s", text
        exit } next }
    inside { text = text $0 "\n" }' "$1"
