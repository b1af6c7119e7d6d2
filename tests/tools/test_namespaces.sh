#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# namespaces: the logs of all namespaces with their heads, also if the default
# namespace does not exist.
. "$(dirname "$0")/lib.sh"

a=$(store a namespace=acme)
b=$(store a namespace=beta)
expect 1 "$quipu" namespaces sqlite:///missing.db
complains missing.db
[ ! -e missing.db ] || fail "listing namespaces created a store"
"$plant" plain "$a" 2 3
"$plant" plain "$b" 1 1
"$plant" rich "$b"

# A server may have namespaces of other tests.
mine()
{
    expect 0 "$quipu" namespaces "$@"
    quiet
    grep -E 'acme|beta|^namespace' out >own || true
    sed -E 's/[^ "]*(acme|beta)/\1/; s/ +/ /g; s/ $//' own >out
}

all=$(store a)
[ "$driver" != postgres ] || all=${all%%&namespace=*}
mine "$all"
same <<END
namespace schema head
acme stored_events 6
beta rich 12
beta stored_events 1
END
mine --json "$all"
same <<END
{"namespace":"acme","schema":"stored_events","head":6}
{"namespace":"beta","schema":"rich","head":12}
{"namespace":"beta","schema":"stored_events","head":1}
END

# Also from the URI of one namespace; listing creates none.
mine "$a"
same <<END
namespace schema head
acme stored_events 6
beta rich 12
beta stored_events 1
END
if [ "$driver" != postgres ]; then
    expect 1 "$quipu" info "$all"
    complains 'has no namespace ""'
    expect 0 "$quipu" info "$(store a create=yes | sed 's/$/\&readonly=no/')"
    expect 0 "$quipu" namespaces "$all"
    grep -qE '^"" *$' out || fail "the default namespace is not shown"
    says "acme"
    expect 0 "$quipu" namespaces --json "$all"
    says '{"namespace":"","schema":null,"head":null}'
fi

# All namespaces can be listed, and nothing else can be done with them.
every=$(store a 'namespace=*' | sed 's/namespace=[^&]*\*/namespace=*/')
expect 1 "$quipu" info "$every"
complains "opened with namespace=*"
