#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# No message shows a password, wherever it is in a URI that is malformed, or
# that names a store that cannot be opened.
. "$(dirname "$0")/lib.sh"

# hidden ARGUMENT...: runs quipu, which fails without showing the password.
hidden()
{
    status=0
    timeout 60 "$quipu" "$@" >out 2>err </dev/null || status=$?
    [ $status != 0 ] && [ $status -lt 124 ] || fail "status $status: $*"
    [ -s err ] || fail "no message: $*"
    ! grep -i "$secret" out err || fail "the password is shown: $*"
}

secret=s3cret
for scheme in sqlite lmdb postgres postgresql nosuch; do
    while read -r rest; do
        [ -n "$rest" ] || continue
        hidden info "$scheme:$rest"
    done <<END
//u:s3cret@127.0.0.1:1/db?timeout=50
//u:s3cret@127.0.0.1:1/db?nosuch=1
//u:s3cret@127.0.0.1:1/db?timeout=x
//u:s3cret@127.0.0.1:1/db?mmap=x
//u:s3cret@127.0.0.1:1/db#fragment
//u:s3cret@127.0.0.1:1/%zz
//u:s3cret@127.0.0.1:x/db
//u:s3cret@[::1/db
//u:s3cret%@127.0.0.1:1/db
//u:s3cret%zz@127.0.0.1:1/db
//u:%00s3cret@127.0.0.1:1/db
//u:a/s3cret@127.0.0.1:1/db?timeout=50
//u:s3cret/a@127.0.0.1:1/db?timeout=50
//u:a?s3cret@127.0.0.1:1/db
//u:a?s3cret=b@127.0.0.1:1/db
//u:a?b=s3cret@127.0.0.1:1/db
//u:a?b=c&s3cret=d@127.0.0.1:1/db
//u:a?timeout=s3cret@127.0.0.1:1/db
//u:a?durability=s3cret@127.0.0.1:1/db
//u:a?namespace=s3cret@127.0.0.1:1/db
//u:a#s3cret@127.0.0.1:1/db
//u:a@s3cret@127.0.0.1:1/db?timeout=50
//u:s3cret@b@127.0.0.1:1/db?timeout=50
//u:a:s3cret@127.0.0.1:1/db?timeout=50
//u:a,s3cret@127.0.0.1:1/db?timeout=50
//u?a:s3cret@127.0.0.1:1/db
//u?a&s3cret=b:c@127.0.0.1:1/db
//127.0.0.1:1/db?password=s3cret&timeout=50
//127.0.0.1:1/db?password=s3cret&nosuch=1
//127.0.0.1:1/db?password=a&s3cret
//127.0.0.1:1/db?password=a&s3cret=b
//127.0.0.1:1/db?password=a%s3cret
//127.0.0.1:1/db?password=s3cret&password=s3cret
//127.0.0.1:1/db?pasword=s3cret
//127.0.0.1:1/db?timeout=s3cret
//127.0.0.1:1/db?durability=s3cret
//127.0.0.1:1/db?group=s3cret
//127.0.0.1:1/db?create=s3cret
//127.0.0.1:1/db?readonly=s3cret
//127.0.0.1:1/db?mmap=s3cret
//127.0.0.1:1/db?busy=s3cret
//127.0.0.1:1/db?connect_timeout=s3cret
//127.0.0.1:1/db?pool=s3cret
//127.0.0.1:1/host=h%20password=s3cret?timeout=50
u:s3cret@127.0.0.1:1/db?timeout=50
/u:s3cret@127.0.0.1:1/db?timeout=50
host=127.0.0.1 port=1 password=s3cret?timeout=50
host=127.0.0.1 port=1 password='s3cret?timeout=50
END
done
for uri in "s3cret" "u:s3cret@h" "//u:s3cret@h" ":s3cret" "U:s3cret@h" \
    "http://u:s3cret@h" "u_s3cret:x"; do
    hidden info "$uri"
done
finish
