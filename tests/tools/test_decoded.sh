#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# export --decoded: states and metadata as JSON.
. "$(dirname "$0")/lib.sh"

a=$(store a)
"$plant" plain "$a" 1 1
id=11111111-1111-4111-8111-111111111111
"$quipu" append --event-id $id --time 2026-12-01 --metadata '{"user": "ann"}' \
    "$a" $zero Thing.Changed '{"cents": 5, "b": {"hex": "00ff"}}' >out
"$quipu" append --metadata plain --time 1h "$a" $zero Thing.Changed '{}' >out
expect 0 "$quipu" export --decoded "$a"
says '{"type":"quipu-decoded-export","version":1,"store":"'
says '{"type":"schema","table":"stored_events",'
says '"position":0,"topic":"Thing.Happened","event_id":"'
says '"state":{"n":0}}'
says '"position":1,"topic":"Thing.Changed","event_id":"'$id'",'\
'"time":"2026-12-01T00:00:00.000000Z","metadata":{"user":"ann"},'\
'"state":{"cents":5,"b":{"hex":"00ff"}}}'
says '"metadata":"plain","state":{}}'
says '{"type":"end","items":3,"trackings":0}'
cp out decoded
expect 0 "$quipu" export --decoded --after 2 "$a"
says '"items":1,'
[ "$("$quipu" export "$a" | wc -l)" = "$(wc -l <decoded)" ] ||
    fail "the exports have different numbers of lines"
status=0
"$quipu" import "$(store b)" <decoded >out 2>err || status=$?
[ "$status" = 1 ] || fail "a decoded export is imported with status $status"
complains "export without --decoded"

# An event id in the envelope, of a schema without a column for it.
"$quipu" import "$(store d)" >out <<END
{"type":"quipu-export","version":1}
{"type":"schema","table":"s","ids":"text","positions":"contiguous",\
"columns":{"notification_id":"n","sequence_id":"i","position":"p","topic":"t",\
"state":"s","event_id":null},"further_columns":[],"after":0,"head":0}
{"type":"end"}
END
expect 0 "$quipu" append --event-id $id "$(store d)" one Thing.New '{}'
expect 0 "$quipu" export --decoded "$(store d)"
says '"event_id":"'$id'","time":"'
expect 0 "$quipu" log -x "$(store d)"
says "event id    $id"

# All kinds of columns; states that are not decodable; erased items.
c=$(store c)
"$plant" rich "$c"
"$plant" odd "$c"
expect 0 "$quipu" export --decoded "$c"
says '"columns":{"yes":true,"number":9223372036854775807,"real":0.1'
says '"time":"9999-12-31T23:59:59.999999Z"'
says '"metadata_hex":"000102'
says '"state":null,"state_hex":"c1c1"}'
says '"state":{"k":"Infinity"}}'
expect 0 "$quipu" erase --yes --sequence $zero --from 1 --to 1 "$a"
expect 0 "$quipu" export --decoded "$a"
says '"erased":true}'
! grep -q cents out || fail "an erased item has contents"
printf "%032d %064d\n" 1 2 >keys
chmod 600 keys
expect 2 "$quipu" export --keys keys "$a"
complains "--keys and --dictionary belong to --decoded"
finish
