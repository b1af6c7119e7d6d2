#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# serve and browse, of a quipu that was built without libmicrohttpd.
. "$(dirname "$0")/lib.sh"

for command in serve browse; do
    expect 0 "$quipu" $command --help
    says "usage: quipu $command"
    expect 1 "$quipu" $command "$(store missing)"
    complains "built without libmicrohttpd, which $command needs"
    complains "install libmicrohttpd-dev"
done
finish
