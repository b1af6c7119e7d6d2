#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# serve, of a quipu that was built without libmicrohttpd.
. "$(dirname "$0")/lib.sh"

expect 0 "$quipu" serve --help
says "usage: quipu serve"
expect 1 "$quipu" serve "$(store missing)"
complains "built without libmicrohttpd"
complains "install libmicrohttpd-dev"
finish
