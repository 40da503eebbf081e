#!/usr/bin/env bash
# Plays some 1,000 requests that the OpenAPI file allows, and some that it does not, to the sandbox, and checks each answer
# against the file: CHATZURI_KEYS_LONG=1 tests/openapi.sh
# It needs `schemathesis` (pip install schemathesis) and says the totals.
set -euo pipefail
cd "$(dirname "$0")/.."
[ "${CHATZURI_KEYS_LONG:-}" = 1 ] || {
  echo "this takes a while: set CHATZURI_KEYS_LONG=1" >&2
  exit 2
}
cargo build
work=$(mktemp -d)
server=
trap 'kill $server; rm -rf "$work"' EXIT

# play HOW...: a new sandbox, and schemathesis before it.
play() {
  [ -z "$server" ] || kill "$server"
  rm -f "$work/announced"
  HOME=$work target/debug/chatzuri-keys sandbox --serve >"$work/announced" &
  server=$!
  until [ -s "$work/announced" ]; do sleep 0.1; done
  # Not an argument: arguments are seen by everybody.
  (
    file=$PWD/assets/chatzuri-keys.openapi.yaml
    # It leaves a folder where it runs.
    cd "$work"
    CREDENTIAL=$(field credential) schemathesis --config-file schemathesis.toml run "$file" --url "$(field base_url)" \
      --phases examples,coverage,fuzzing "$@"
  )
}
field() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$work/announced" "$1"; }

cat >"$work/schemathesis.toml" <<TOML
continue-on-failure = true
[headers]
Authorization = "Bearer \${CREDENTIAL}"
TOML

play --exclude-path /delete-api-key --max-examples 400
# Requests that were all refused would prove little.
echo "header = \"Authorization: Bearer $(field credential)\"" >"$work/curl"
curl --silent --fail --output /dev/null --config "$work/curl" "$(field base_url)/get-teams"
# Apart: it takes the ids that it was sent, and so revokes the key it is signed in with, too.
play --include-path /delete-api-key --include-path /get-api-keys --max-examples 400
