#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# test_server.sh SAMPLE: a case has the runner stop and start the store's
# server, by commands and by hooks. The server is represented by a file.
. "$(dirname "$0")/lib.sh"
export SAMPLE_SERVER="$PWD/server"

touch server
expect 0 "$suite" 'lasting:{name}' --only V5.stops-server \
    --stop 'echo stopping; rm server' --start 'echo starting; touch server'
says '^ok 1 - V5\.stops-server'
complains '^stopping$' # not on standard output, amid the report
complains '^starting$'
keeps_quiet_of 'stopping'

# The runner starts a server that a case has left stopped.
expect 1 "$suite" 'lasting:{name}' --only 'V5.*' \
    --stop 'rm server' --start 'touch server'
says '^not ok 2 - V5\.leaves-server-stopped'
[ -e server ] || fail "the server was left stopped"

# A command that fails makes the case fail, and the message names it.
expect 1 "$suite" 'lasting:{name}' --only V5.stops-server \
    --stop 'rm server; false' --start 'touch server'
says 'the server could not be stopped'
complains 'failed: rm server; false'
[ -e server ] || fail "the server was left as the failed command left it"

# Hooks of the program, and commands that replace them.
expect 0 env SAMPLE_HOOKS=1 "$suite" 'lasting:{name}' --only V5.stops-server
expect 0 env SAMPLE_HOOKS=1 "$suite" 'lasting:{name}' --only V5.stops-server \
    --stop 'rm server; touch stopped' --start 'touch server'
[ -e stopped ] || fail "the hooks were not replaced"
finish
