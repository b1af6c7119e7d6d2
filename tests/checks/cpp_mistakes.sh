#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# cpp_mistakes.sh FOLDER COMPILER...: makes each of the mistakes below with the
# C++ header of FOLDER/quipu. Fails unless the same code without the mistake
# compiles, and each compiler refuses each mistake by a message with the given
# words. Missing compilers are skipped, but one must exist.
set -eu
folder=$(cd "$1" && pwd)
shift
failures=0
checked=0
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
cd "$work"

# try COMPILER MEMBERS FIELDS HANDLER CODE: compiles an event with these members
# and fields, an aggregate with this handler, and code that uses both.
try()
{
    cat >mistake.cpp <<EOT
#include <quipu/quipu.hpp>
struct other { quipu_event base; long cents;
    static auto describe() {
        return quipu::as_event("Other", quipu::field<&other::cents>); } };
struct part { long cents; };
struct event { $2
    static auto describe() { return quipu::as_event("Event"$3); } };
struct aggregate { quipu_aggregate base; long sum; $4
    static auto describe() {
        return quipu::as_aggregate("Aggregate", quipu::field<&aggregate::sum>,
                                   quipu::handles<event>); } };
int main() {
    quipu::type<event>(); quipu::aggregate_type<aggregate>();
    auto some = quipu::aggregate<aggregate>::create();
    quipu::datastore datastore; (void)datastore; $5 }
EOT
    "$1" -std=c++17 -I"$folder" -fsyntax-only mistake.cpp >message 2>&1
}

handler='void apply(const event &) {}'

# refuse MISTAKE WORDS MEMBERS FIELDS [HANDLER [CODE]]
refuse()
{
    checked=$((checked + 1))
    if try "$compiler" "$3" "$4" "${5-$handler}" "${6-}"; then
        echo "$1: $compiler compiles it"
    elif grep -qE "$2" message; then
        return 0
    else
        echo "$1: $compiler does not say \"$2\":"
        grep error message | head -n 5
    fi
    failures=$((failures + 1))
}

member()
{
    refuse "$1" "$2" "quipu_event base; $3" ", $4"
}

mistakes()
{
    cents='quipu::field<&event::cents>'

    try "$compiler" 'quipu_event base; long cents;' ", $cents" "$handler" \
        'quipu::trigger<event>(*some, 5);' || {
        echo "$compiler refuses what has no mistake:"
        head -n 20 message
        failures=$((failures + 1))
    }
    member "plain char" "type that cannot be stored" 'char cents;' "$cents"
    member "std::string" "type that cannot be stored" 'std::string cents;' \
        "$cents"
    member "undescribed struct" "type that cannot be stored" 'part cents;' \
        "$cents"
    member "pointer" "type that cannot be stored" 'long *cents;' "$cents"
    member "nullable number" "only text and bytes may be null" 'long cents;' \
        'quipu::nullable<&event::cents>'
    member "text as default of a number" "the default is a text" \
        'long cents;' "$cents.by_default(\"x\")"
    member "number as default of a text" "not of the type of its member" \
        'const char *cents;' "$cents.by_default(5.5)"
    member "long default" "longer than its member" 'char cents[3];' \
        "$cents.by_default(\"long\")"
    member "two defaults" "one default" 'long cents;' \
        "$cents.by_default(1).by_default(2)"
    member "number of presence" "must be a bool" 'long cents; int has;' \
        'quipu::optional<&event::cents, &event::has>'
    member "int count" "must be a size_t" 'long *cents; int count;' \
        'quipu::array<&event::cents, &event::count>'
    member "array in the struct" "pointer to its elements" \
        'long cents[3]; std::size_t count;' \
        'quipu::array<&event::cents, &event::count>'
    member "number as subject" "must be an id, a uuid or a text" \
        'long cents; long of;' "$cents.personal<&event::of>(0)"
    member "field of another struct" "a field is of another struct" \
        'long cents;' "$cents, quipu::field<&other::cents>"
    member "copied with care" "trivially copyable" \
        'std::string note; long cents;' "$cents"
    refuse "no base" "begins with .quipu_event base" 'int base; long cents;' \
        ", $cents"
    refuse "base behind" "begins with .quipu_event base" \
        'long cents; quipu_event base;' ", $cents"
    refuse "no handler" "a handler is missing" 'quipu_event base; long cents;' \
        ", $cents" 'void apply(const other &) {}'
    refuse "unhandled event" "no handler for this event" \
        'quipu_event base; long cents;' ", $cents" "$handler" \
        'quipu::trigger<other>(*some, 5);'
    refuse "copied handle" "deleted" 'quipu_event base; long cents;' \
        ", $cents" "$handler" 'auto second = datastore;'
}

for compiler in "$@"; do
    command -v "$compiler" >/dev/null || continue
    mistakes
done

[ "$checked" -gt 0 ] || { echo "no compiler found: $*"; exit 1; }
[ "$failures" = 0 ] || exit 1
echo "C++ mistakes: $checked compilations, each is refused"
