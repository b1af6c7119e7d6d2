#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# test_formats.sh SAMPLE READER: each report format, parsed. READER prints the
# value at a path of a JSON document.
. "$(dirname "$0")/lib.sh"
reader=$2
command -v xmllint >/dev/null || {
    echo "xmllint is not installed" | tee "${QUIPU_TEST_SKIPPED:-/dev/null}"
    exit 77
}

expect 1 "$suite" 'memory:{name}' 'bare:{name}' --skip 'F2.*' --seed 7 \
    --output tap=r.tap --output junit=r.xml --output json=r.json \
    --output html=r.html --format none
same "standard output of none" "" "$(cat out)"

# A report to standard output is the only output there.
for format in json junit html; do
    expect 1 "$suite" 'memory:{name}' --only 'U*' --format "$format"
    mv out "alone.$format"
done
same "JSON alone" broken "$("$reader" alone.json state)"
xmllint --noout alone.junit alone.html ||
    fail "standard output has more than the XML report"

# at XPATH: of the JUnit report. json PATH...
at()
{
    xmllint --xpath "$1" r.xml
}

json()
{
    "$reader" r.json "$@"
}

# --------------------------------------------------------------------- JUnit

xmllint --noout r.xml || fail "the JUnit report is not well-formed"
same "JUnit's suites" 2 "$(at 'count(/testsuites/testsuite)')"
same "JUnit's tests" "$(at 'count(//testcase)')" "$(at 'string(/*/@tests)')"
same "JUnit's failures" "$(at 'count(//failure)')" \
    "$(at 'string(/*/@failures)')"
same "JUnit's skips" "$(at 'count(//skipped)')" "$(at 'string(/*/@skipped)')"
same "JUnit's message" \
    'a < b && "c" > '"'d'"' \x1b[31m \xff ]]> \ '"$(printf '\342\202\254')" \
    "$(at 'substring-after(string(//testsuite[1]/testcase[@name="U2.fails"]
        /failure/@message), ": ")')"
same "JUnit's reason" 'Its <text> is & "hard".' \
    "$(at 'string(//testsuite[1]/testcase[@name="U2.fails"]/system-err)')"
same "JUnit's skip" 'NOT TESTED: it lacks <what> it takes' \
    "$(at 'string(//testsuite[1]/testcase[@name="S1.skips"]/skipped/@message)')"
same "JUnit's seed" 7 \
    "$(at 'string(//testsuite[2]//property[@name="seed"]/@value)')"
same "JUnit's count" 3 \
    "$(at 'string(//testsuite[1]//property[@name="kills"]/@value)')"
same "JUnit's classes" 'quipu.memory' \
    "$(at 'string(//testsuite[1]/testcase[1]/@classname)')"

# ---------------------------------------------------------------------- JSON

same "JSON's format" quipu-conformance "$(json format)"
same "JSON's version" 1 "$(json version)"
same "JSON's state" broken "$(json state)"
same "JSON's runs" 2 "$(json runs '#')"
same "JSON's seed" 7 "$(json runs 0 seed)"
same "JSON's profile" quick "$(json runs 0 profile)"
same "JSON's log" true "$(json runs 0 declares log)"
same "JSON's bare log" false "$(json runs 1 declares log)"
same "JSON's kills" 3 "$(json runs 0 counts kills)"
same "JSON's failures" "$(at 'string(//testsuite[1]/@failures)')" \
    "$(json runs 0 failed)"
same "JSON's untested" 1 "$(json runs 0 skips untested)"
same "JSON's guarantee" U2 "$(json runs 0 guarantees 1 id)"
same "JSON's broken guarantee" broken "$(json runs 0 guarantees 1 state)"
same "JSON's case" U2.fails "$(json runs 0 cases 1 id)"
same "JSON's case's guarantee" U2 "$(json runs 0 cases 1 guarantee)"
same "JSON's verdict" failed "$(json runs 0 cases 1 verdict)"
same "JSON's text" "$(at 'substring-after(string(//testsuite[1]
    /testcase[@name="U2.fails"]/failure), ": ")' | sed 's/\\x1b/\x1b/')" \
    "$(json runs 0 cases 1 text | sed '1s/^[^ ]* //')"
same "JSON's skip" untested "$(json runs 0 cases 2 skip)"
same "JSON's bare skip" inapplicable "$(json runs 1 cases 3 skip)"
same "JSON's moments" 3 "$(json runs 0 cases 4 timeline '#')"
same "JSON's lane" "reader $(printf '\342\202\254')" \
    "$(json runs 0 cases 4 timeline 2 lane)"
same "JSON's begin" 10.500 "$(json runs 0 cases 4 timeline 0 from)"
same "JSON's end" 12.250 "$(json runs 0 cases 4 timeline 0 to)"
same "JSON's open end" absent "$(json runs 0 cases 4 timeline 1 to)"
same "JSON's badness" true "$(json runs 0 cases 4 timeline 0 bad)"

# ---------------------------------------------------------------------- HTML

xmllint --noout r.html || fail "the HTML report is not well-formed"
# It loads no resources and runs no scripts.
same "resources and scripts in the HTML report" "" "$(grep -oiE \
    '<(script|link|img|iframe|object|embed)|src=|@import|url\(| on[a-z]+="' \
    r.html || true)"
same "HTML's addresses" "" "$(grep -oE 'https?://[^"]*' r.html |
    grep -v '^http://www.w3.org/' || true)"

# html XPATH: without the namespaces.
html()
{
    sed -E 's/ xmlns="[^"]*"//' r.html >plain.html
    xmllint --xpath "$1" plain.html
}

same "HTML's columns" 3 "$(html 'count(//thead/tr/th)')"
same "HTML's broken cell" 1 "$(html \
    'count(//tr[td/a/@href="#g-U2"]/td[2]/span[contains(@class, "broken")])')"
same "HTML's undeclared cell" 1 "$(html \
    'count(//tr[td/a/@href="#g-L1"]/td[3]/span[contains(@class,
        "undeclared")])')"
same "HTML's knots" "$(at 'count(//testsuite[1]/testcase)')" \
    "$(html 'count((//div[@class="cords"])[1]//*[starts-with(@class,
        "knot")])')"
# The result is told by the shape, not by colour alone.
same "HTML's crosses" "$(at 'string(//testsuite[1]/@failures)')" \
    "$(html 'count((//div[@class="cords"])[1]//path[@class="knot failed"])')"
same "HTML's squares" 1 \
    "$(html 'count((//div[@class="cords"])[1]//rect[@class="knot missed"])')"
same "HTML's failed ellipses" 0 "$(html 'count(//ellipse[contains(@class,
    "failed") or contains(@class, "missed")])')"
same "HTML's bars without a word" 0 "$(html 'count(//td//svg[not(contains(text,
    "passed, ") or contains(text, "FAILED, "))])')"
# On a narrow screen, where tables are lists, each cell names its URI.
same "HTML's cells without URI" 0 "$(html 'count(//td[@class="n"][not(@data-uri
    = "memory:{name}" or @data-uri = "bare:{name}")])')"
grep -q '^@media (max-width:' r.html || fail "narrow screens have no style"
same "the paragraphs that do not wrap" "" \
    "$(grep -E '(^|})\.state\{[^}]*nowrap' r.html || true)"
# Version, kernel and file system.
machine="$(uname -s) $(uname -r) $(uname -m)"
html 'string((//p[@class="soft"])[1])' >machine
grep -qF "quipu $(json quipu) · $machine · " machine &&
    grep -q " · {dir} on $(json file_system) (/" machine ||
    fail "the HTML report describes the machine as: $(cat machine)"
same "JSON's kernel" "$machine" "$(json kernel)"
same "JUnit's kernel" "$machine" \
    "$(at 'string(//testsuite[1]//property[@name="kernel"]/@value)')"
grep -qF "# quipu $(json quipu), $machine, " r.tap ||
    fail "the TAP report does not describe the machine"
# Reasons for skips say what the cases need.
same "HTML's reason of skips" 1 "$(html \
    'count(//summary[contains(., "1 case: needs a store without a log")])')"
same "HTML's lanes" 3 "$(html \
    'count((//svg[@class="timeline"])[1]/text[@font-size = 13])')"
same "HTML's bars" 3 "$(html 'count((//svg[@class="timeline"])[1]//rect)')"
same "HTML's bad bars" 2 "$(html \
    'count((//svg[@class="timeline"])[1]//rect[contains(@class, "bad")])')"
same "HTML's open bars" 1 "$(html \
    'count((//svg[@class="timeline"])[1]//rect[contains(@class, "open")])')"
# Calls of the violation are drawn last, so that no other bar covers them.
same "HTML's last bar" "operation bad" "$(html \
    'string(((//svg[@class="timeline"])[1]//rect)[last()]/@class)')"
html 'string((//svg[@class="timeline"])[1]//rect[contains(@class, "bad")]
    /../title)' >hint
grep -q 'OK ids 41..43' hint || fail "the bar has no hint: $(cat hint)"
html 'string(//div[contains(@class, "broken")]/pre)' >text
grep -q 'a < b &&' text || fail "the failure's text is: $(cat text)"
same "HTML's skips" 2 "$(html \
    'count(//details[@open]/summary[contains(., "it lacks <what>")])')"

# ----------------------------------------------------------------------- TAP

same "TAP's plan" "1..$(grep -cE '^(not )?ok ' r.tap)" "$(grep '^1\.\.' r.tap)"
same "TAP's numbers" "" "$(sed -nE 's/^(not )?ok ([0-9]+) .*/\2/p' r.tap |
    awk '$1 != NR')"
same "TAP's first line" "TAP version 13" "$(head -n 1 r.tap)"
finish
