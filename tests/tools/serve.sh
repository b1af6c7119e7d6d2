# SPDX-License-Identifier: Apache-2.0
# Functions for the tests of quipu serve and quipu browse, which source this
# file.
. "$(dirname "$0")/lib.sh"
for program in curl jq; do
    command -v $program >found || {
        echo "needs $program" | tee "${QUIPU_TEST_SKIPPED:-/dev/null}"
        exit 77
    }
done
page=$(dirname "$0")/../../docs/serve.md

# serve URI [OPTION...]: starts a server, of the command $command or serve, and
# waits until it listens; sets $server to its process and $url to its URL.
serve()
{
    : >url
    # A shell makes its background children ignore SIGINT.
    env --default-signal=INT "$quipu" "${command-serve}" "$@" >url 2>serve.err &
    server=$!
    await $server grep -q '^http' url
    url=$(cat url)
}

# stop [SIGNAL]: ends the server, which must exit with 0 and without a message.
stop()
{
    kill -s "${1-TERM}" "$server"
    status=0
    wait "$server" || status=$?
    [ "$status" = 0 ] || fail "the server exits with $status"
    [ ! -s serve.err ] || { fail "messages of the server"; cat serve.err; }
}

# fetch PATH [CURL-OPTION...]: requests a path; sets $code to the status of
# HTTP, or 000 if there was no answer. The text is in the file out, the headers
# are in the file headers.
fetch()
{
    path=$1
    shift
    : >out
    code=$(curl -q -sS --noproxy '*' --path-as-is -D headers -o out \
        -w '%{http_code}' "$@" "$url$path" 2>curl.err) || :
}

show_answer()
{
    head -n 20 headers curl.err
    head -c 500 out
}

# wants STATUS [TEXT]: fails unless the last answer has that status, and the
# text in its body or headers.
wants()
{
    [ "$code" = "$1" ] ||
        { fail "$path: status $code, not $1"; show_answer; }
    [ -z "${2-}" ] || grep -qF -- "$2" headers out ||
        { fail "$path: the answer does not have: $2"; show_answer; }
}

# header NAME: prints the value of a header of the last answer.
header()
{
    tr -d '\r' <headers | sed -n "s/^$1: //p"
}
