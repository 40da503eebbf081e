#!/usr/bin/env bash
# From the start of the process to the first 401: `chatzuri-keys leak --yes` of a key made here, beside one `curl` that
# lists, deletes and probes on one connection. Both run in turns against the same sandbox; the medians and their ratio are
# printed, and nothing is asserted.
#
#   cargo build --release && tests/leak_speed.sh [ROUNDS]
#   BINARY=target/debug/chatzuri-keys tests/leak_speed.sh 5
set -euo pipefail

rounds=${1:-15}
binary=${BINARY:-target/release/chatzuri-keys}
home=$(mktemp -d)
trap 'kill "$server" 2>/dev/null || true; rm -rf "$home"' EXIT

: >"$home/sandbox.json"
env -i PATH="$PATH" "$binary" sandbox --serve >"$home/sandbox.json" &
server=$!
until grep -q base_url "$home/sandbox.json"; do sleep 0.05; done
field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }
base=$(field base_url <"$home/sandbox.json")
credential=$(field credential <"$home/sandbox.json")

ours() {
    env -i HOME="$home" PATH="$PATH" XDG_STATE_HOME="$home/state" XDG_CONFIG_HOME="$home/config" \
        CHATZURI_API_KEY="$credential" CHATZURI_BASE_URL="$base" "$binary" "$@"
}

# A secret is in no argument: curl reads its headers from a file.
headers() { printf 'Authorization: Bearer %s\n' "$2" >"$home/$1"; }
headers own "$credential"

now() { echo "${EPOCHREALTIME/./}"; }

# The live line of the first 401 ends the measurement; the rest is read to its end, so that nothing runs beside curl.
product() {
    local value began line taken=
    value=$(ours create "speed $1" --show 2>/dev/null)
    began=$(now)
    while read -r line; do
        if [[ -z $taken && $line == *"gets 401"* ]]; then
            taken=$(($(now) - began))
        fi
    done < <(ours leak --yes 2>&1 >/dev/null <<<"$value")
    [[ -n $taken ]] || {
        echo "no 401 was seen: is $binary of this version?" >&2
        exit 1
    }
    echo "$taken"
}

with_curl() {
    local answer id began
    answer=$(curl -s -H @"$home/own" -H 'Content-Type: application/json' -d "{\"name\":\"curl $1\"}" "$base/create-api-key")
    id=$(grep -o '"id":"[^"]*"' <<<"$answer" | head -n 1 | cut -d'"' -f4)
    headers leaked "$(grep -o '"key":"[^"]*"' <<<"$answer" | cut -d'"' -f4)"
    began=$(now)
    curl -s -o /dev/null -H @"$home/own" "$base/get-api-keys?page=1&size=100" \
        --next -s -o /dev/null -X DELETE -H @"$home/own" "$base/delete-api-key?keyId=$id" \
        --next -s -o /dev/null -w '%{http_code}' -H @"$home/leaked" "$base/get-teams" >"$home/last"
    echo $(($(now) - began))
    [[ $(<"$home/last") == 401 ]] || echo "curl's last answer was not 401" >&2
}

median() { sort -n | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }

for round in $(seq "$rounds"); do
    product "$round" >>"$home/product"
    with_curl "$round" >>"$home/curl"
done
a=$(median <"$home/product")
b=$(median <"$home/curl")
awk -v a="$a" -v b="$b" -v n="$rounds" 'BEGIN {
    printf "start to the first 401, median of %d: chatzuri-keys %.1f ms, curl %.1f ms, ratio %.2f\n", n, a / 1000, b / 1000, a / b
}'
