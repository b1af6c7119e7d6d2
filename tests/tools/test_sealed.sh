#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# log, read, verify and export of a store with encrypted states: without keys
# they say that states are sealed, and with --keys they open them.
. "$(dirname "$0")/lib.sh"

a=$(store a)
umask 077
echo "000102030405060708090a0b0c0d0e0f \
808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f" >keys
echo "100102030405060708090a0b0c0d0e0f \
808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f" >others

"$plant" sealed "$a" keys 3

expect 0 "$quipu" log "$a"
says "(sealed)"
grep -q canary out && fail "a state is shown in clear"
expect 0 "$quipu" log --keys keys "$a"
says '{"text": "canary 0"}'
quiet
expect 0 "$quipu" log --json "$a"
says '"sealed":"event Sealed.Noted of sequence'
says 'no keys are given'
expect 0 "$quipu" log --keys others "$a"
says "(sealed)"

expect 0 "$quipu" verify "$a"
says clean
complains "3 states are sealed"
expect 0 "$quipu" verify --keys keys "$a"
says clean
quiet

expect 0 "$quipu" export "$a"
grep -q canary out && fail "an export contains a state in clear"

chmod 0644 keys
expect 1 "$quipu" log --keys keys "$a"
complains "chmod 0600"
finish
