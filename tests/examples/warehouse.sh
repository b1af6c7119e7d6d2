#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# warehouse.sh WAREHOUSE URI: four shops order at once what does not suffice for
# all, while a read model and a mailer follow in processes that are killed.
# Fails unless exactly what was ordered is reserved, the read model says so, and
# each order was mailed. The URI "postgres" is that of the server of
# tests/postgres/with-cluster.
set -euo pipefail
[ "$2" != postgres ] || set -- "$1" "$QUIPU_TEST_POSTGRES"
warehouse=$1
export WAREHOUSE_QUIPU_URI=$2
followers=()

finish()
{
    local status=$?
    [ "${#followers[@]}" = 0 ] || kill "${followers[@]}" 2>/dev/null || true
    wait
    [ "$status" = 0 ] || cat ./*.log
}
trap finish EXIT

fail()
{
    echo "$*"
    exit 1
}

# shop NUMBER: orders, pays, ships and cancels; notes the accepted orders.
shop()
{
    local i order nails
    for i in 1 2 3 4 5 6; do
        order=order-$1-$i
        nails=$((1 + RANDOM % 9))
        "$warehouse" order "$order" ada hammer 2 nail "$nails" 2>>shop.log ||
            continue
        if [ "$i" = 2 ]; then
            "$warehouse" cancel "$order" "too many"
            echo "$order 0 0" >>accepted
            continue
        fi
        echo "$order 2 $nails" >>accepted
        "$warehouse" pay "$order" 1999
        [ "$i" != 3 ] || "$warehouse" ship "$order" "parcel-$1"
    done
}

follow()
{
    "$warehouse" stock 2>>stock.log &
    followers=($!)
    "$warehouse" mail >>mails 2>>mail.log &
    followers+=($!)
}

: >accepted
"$warehouse" add hammer Hammer
"$warehouse" add nail Nail
"$warehouse" register ada ada@example.org
"$warehouse" receive hammer 30
"$warehouse" receive nail 1000
! "$warehouse" order none nobody hammer 1 2>shop.log ||
    fail "a customer who does not exist has ordered"
! "$warehouse" order much ada nail 1 hammer 31 2>shop.log ||
    fail "more was ordered than there is"
grep -q "there are 30 of hammer" shop.log

follow
shops=()
for number in 1 2 3 4; do
    shop "$number" &
    shops+=($!)
done
sleep 0.5
kill -9 "${followers[@]}"
wait "${followers[@]}" || true
follow
wait "${shops[@]}"

hammers=$(awk '{ n += $2 } END { print n + 0 }' accepted)
nails=$(awk '{ n += $3 } END { print n + 0 }' accepted)
[ "$hammers" -le 30 ] || fail "$hammers of 30 hammers were reserved"
[ "$hammers" -ge 29 ] || fail "$hammers of 30 hammers: orders were refused"
expected="hammer $((30 - hammers)) $hammers
nail $((1000 - nails)) $nails"
for try in $(seq 200); do
    [ "$("$warehouse" show)" != "$expected" ] || break
    [ "$try" -lt 200 ] || fail "the stock is $("$warehouse" show)"
    sleep 0.1
done
while read -r order _; do
    for try in $(seq 200); do
        ! grep -q "to ada@example.org: order $order is placed" mails || break
        [ "$try" -lt 200 ] || fail "$order was not mailed"
        sleep 0.1
    done
done <accepted
"$warehouse" board hammer | tail -n 1 | grep -q "Hammer: $((30 - hammers)) "
echo "$(wc -l <accepted) orders: $hammers hammers, $nails nails"
