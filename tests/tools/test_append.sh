#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# append: an event of each kind of member, from an argument and from standard
# input; refusals, which store nothing; repeats.
. "$(dirname "$0")/lib.sh"

a=$(store a)
"$plant" plain "$a" 1 1

# last: prints the members of the last event of the log, as JSON.
last()
{
    "$quipu" log --schema stored_events --tail 1 --json "$a" >line
    sed -n 's/.*"state":\(.*\),"state_hex".*/\1/p' line
}

# stores JSON [DECODED]: fails unless the members are stored and read back, as
# DECODED if that is given.
stores()
{
    expect 0 "$quipu" append "$a" $zero Thing.Changed "$1"
    [ "$(last)" = "${2:-$1}" ] || fail "$(last) instead of ${2:-$1}"
}
stores '{}'
stores '{"n":-9223372036854775808,"m":9223372036854775807,"z":0}'
for n in 0 1 127 128 255 256 32767 32768 65535 65536 2147483647 2147483648 \
    4294967295 4294967296 -1 -32 -33 -128 -129 -32768 -32769 -2147483648 \
    -2147483649; do
    stores "{\"n\":$n}"
done
for length in 31 32 255 256 32767; do
    stores "{\"s\":\"$(printf "%0${length}d" 0)\"}"
    stores "{\"b\":{\"hex\":\"$(printf "%0$((2 * length))d" 0)\"}}"
done
for count in 15 16; do
    many=$(seq $count | sed 's/.*/&,/' | tr -d '\n')
    stores "{\"list\":[${many%,}]}"
    many=$(seq $count | sed 's/.*/"m&":0,/' | tr -d '\n')
    stores "{${many%,}}"
done
many=$(seq 66000 | sed 's/.*/&,/' | tr -d '\n')
echo "{\"list\":[${many%,}]}" >wanted
"$quipu" append "$a" $zero Thing.Changed <wanted >out
last | cmp - wanted || fail "an array of 66000 elements differs"
stores '{"f":2.5,"g":1e300,"t":true,"u":false}' \
    '{"f":2.5,"g":1.0000000000000001e300,"t":true,"u":false}'
stores '{"s":"","long":"0123456789012345678901234567890123456789"}'
stores '{"list":["a","b"],"none":[],"map":{"a":{"b":1}}}'
stores '{"n": 1, "no": null}' '{"n":1}'
stores '{"b":{"hex":"00FFab"},"none":{"hex":""}}' \
    '{"b":{"hex":"00ffab"},"none":{"hex":""}}'
stores "{\"u\":{\"uuid\":\"$zero\"}}" \
    '{"u":{"hex":"8f7d29a0127c500c9a53d3cacb2475cb"}}'
# Each of the three forms of a time.
stores '{"t":{"time":"2026-12-01T09:30:00Z"}}' \
    '{"t":"2026-12-01T09:30:00.000000Z"}'
stores '{"t":{"time":"2026-12-01T10:30:00.25+01:00"}}' \
    '{"t":"2026-12-01T09:30:00.250000Z"}'
stores '{"t":{"time":"1969-12-31T23:59:59.75Z"}}' \
    '{"t":"1969-12-31T23:59:59.750000Z"}'
# The outermost object is the members, whatever their names.
stores '{"time":"soon"}'
stores '{"o":{"hex":"00","n":1}}'
expect 0 "$quipu" verify "$a"
# Numbers have the shortest form, as those of programs.
for pair in 127:7f 128:cc80 256:cd0100 65536:ce00010000 -32:e0 -33:d0df \
    -129:d1ff7f -32769:d2ffff7fff; do
    stores "{\"n\":${pair%:*}}"
    grep -q "81a16e${pair#*:}\"}" line || fail "not the shortest form: $pair"
done

# From standard input; the result as JSON.
echo '{"from": "input"}' | "$quipu" append --json "$a" $one Thing.New >out ||
    fail "input is refused"
says '"sequence_id":"'$one'","position":0,"event_id":"'
says '"repeated":false}'
[ "$(last)" = '{"from":"input"}' ] || fail "$(last) from the input"
echo '{"from": "-"}' | "$quipu" append "$a" $one Thing.New - >out
says "position 1 of sequence $one"

# Event id, time and metadata; a repeat is stored once.
id=11111111-1111-4111-8111-111111111111
for outcome in "stored: " "stored already: "; do
    expect 0 "$quipu" append --event-id $id --time "2026-12-01 09:30" \
        --metadata '{"user": "ann", "tenant": "x"}' "$a" $one Thing.New '{}'
    says "$outcome"
    says "position 2 of sequence $one"
done
expect 0 "$quipu" read --json "$a" $one --from 2
says '"event_id":"'$id'"'
says '"time":"2026-12-01T09:30:00.000000Z"'
says '"metadata":{"tenant":"x","user":"ann"}'
expect 0 "$quipu" append --metadata "ann's change" "$a" $one Thing.New '{}'
expect 0 "$quipu" read --json "$a" $one --from 3
says '"metadata":"ann'"'"'s change"'
expect 0 "$quipu" append --metadata '{"n": 1}' "$a" $one Thing.New '{}'
expect 0 "$quipu" log -x --tail 1 "$a"
says 'metadata    {"n": 1}'
expect 0 "$quipu" log --tail 1 "$a"
says '  {"n": 1}  {}'
expect 0 "$quipu" append --position 5 "$a" $one Thing.New '{}'

# Columns of their own, text ids, sparse positions.
"$plant" rich "$a"
expect 2 "$quipu" append "$a" one X '{}'
complains "name one with --schema"
expect 2 "$quipu" append --schema rich "$a" one X '{}'
complains "give one with --position"
expect 0 "$quipu" append --schema rich --position -5 --metadata m "$a" one X \
    '{"number": 5, "words": "two words", "rest": 1}'
expect 0 "$quipu" log --schema rich --tail 1 --json "$a"
says '"sequence_id":"one","position":-5,"topic":"X","event_id":"'
says '"time":"2'
says '"metadata":"m"'
says '"columns":{"yes":null,"number":5,"real":null,"words":"two words",'
says '"state":{"rest":1}'
expect 2 "$quipu" append --schema rich --position 1 "$a" one X '{"number": "x"}'
complains "'number' is not a 64-bit integer"

# Refusals name what is wrong, and store nothing.
before=$("$quipu" log --json "$a" | wc -l)
expect 1 "$quipu" append --schema stored_events --position 3 "$a" $one X '{}'
complains "position 3"
refuse()
{
    expect 2 "$quipu" append --schema stored_events "$a" $one Thing.New "$1"
    complains "$2"
}
refuse '' "the members of the event are no JSON object"
refuse '[1]' "the members of the event are no JSON object"
refuse '{"a": 1' "the members of the event are no JSON object"
refuse '{"a": 1, "a": 2}' "duplicate"
refuse '{"a": 99999999999999999999}' "too big integer"
refuse '{"a": [null]}' "member 'a': an array cannot contain null"
refuse '{"a": [1, "x"]}' "a[1] is of another kind"
refuse '{"a": {"hex": "0"}}' "member 'a': \"hex\" is not"
refuse '{"a": {"hex": "0g"}}' "member 'a': \"hex\" is not"
refuse '{"a": {"uuid": "x"}}' "member 'a': \"uuid\" is not a UUID"
refuse '{"a": {"time": "x"}}' "member 'a': \"time\" is not a time"
refuse '{"": 1}' "the state"
deep=$(printf '%040d' 0 | sed 's/0/{"a":/g')1$(printf '%040d' 0 | tr 0 '}')
refuse "$deep" "nest too deep"
expect 2 "$quipu" append --schema stored_events "$a" one X '{}'
expect 2 "$quipu" append --schema stored_events --event-id x "$a" $one X '{}'
expect 2 "$quipu" append --schema stored_events --time x "$a" $one X '{}'
complains "--time takes a time"
expect 2 "$quipu" append --schema stored_events "$a" $one '' '{}'
expect 1 "$quipu" append "$(store missing)" $one X '{}'
expect 2 "$quipu" append "$a" $one
complains "expected: URI SEQUENCE TOPIC [JSON]"
[ "$("$quipu" log --json "$a" | wc -l)" = "$before" ] ||
    fail "a refused event was stored"
finish
