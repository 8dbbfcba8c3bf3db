#!/usr/bin/env bash
# Stand-ins for the official images that the system names, built from Debian packages, for a machine that reaches no
# container registry. Each honours as much of the official image's contract as the system uses (README.md lists it).
# usage: images.sh          build what is missing; a tag that exists, official or not, is never touched
#        images.sh remove   remove the stand-ins, and nothing else
# Needs root, an engine, Compose and buildx (engine.sh).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
system=$here/../system
mark=shop.stand-in
suite=${STAND_IN_SUITE:-trixie}
base=offline/base:$suite
export DOCKER_BUILDKIT=1

if [[ ${1:-} == remove ]]; then
  docker image ls --filter "label=$mark" --format '{{.Repository}}:{{.Tag}}' | grep -v '<none>' | xargs -r docker image rm
  exit
fi
[[ $# == 0 ]] || { echo "usage: images.sh [remove]" >&2; exit 2; }

have() { docker image inspect "$1" >/dev/null 2>&1; }
# The tags come from the Compose file, so that the two cannot drift apart.
tags=$(docker compose -f "$system/compose.yaml" --profile '*' config --images)
tag_of() { grep -E "(^|/)$1:" <<<"$tags" | grep -v '^shop/' | head -n 1; }
build() { # TAG FOLDER [ARGUMENTS]: says what it does; shows the end of the log when it fails
  local tag=$1 folder=$2 log
  shift 2
  if have "$tag"; then echo "kept   $tag"; return 0; fi
  log=$(mktemp)
  if ! docker build -q -t "$tag" --label "$mark=$folder" --build-arg "BASE=$base" "$@" "$here/images/$folder" >"$log" 2>&1; then
    echo "failed $tag" >&2; tail -n 20 "$log" >&2; rm -f "$log"; return 1
  fi
  rm -f "$log"
  echo "built  $tag"
}

if ! have "$base"; then
  command -v debootstrap >/dev/null || { apt-get -qq update && apt-get -qq install -y --no-install-recommends debootstrap; } >&2
  "$here/base.sh" "$suite" "$base"
  echo "built  $base"
fi

# In pairs: most of the time goes to unpacking, so two cores are busy and more would wait for the disk.
pair() {
  local first=$1 second=$2 status=0 pid
  $first & pid=$!
  $second || status=1
  wait "$pid" || status=1
  return "$status"
}
python() { build "${PYTHON_IMAGE:-python:3.13-slim}" python; }
rabbitmq() { build "$(tag_of rabbitmq)" rabbitmq; }
postgres() { build "$(tag_of postgres)" postgres; }
redis() { build "$(tag_of redis)" redis; }
prometheus() { build "$(tag_of prometheus)" prometheus; }
alertmanager() { build "$(tag_of alertmanager)" alertmanager; }
consul() { build "$(tag_of consul)" consul; }
nettools() { build offline/nettools:1 nettools; }
jaeger() { # our own observer, at the ports where a Jaeger listens
  if ! have "$(tag_of jaeger)"; then docker compose -f "$system/compose.yaml" --profile observability build -q observer; fi
  build "$(tag_of jaeger)" jaeger --build-arg "OBSERVER=$(grep '^shop/observer:' <<<"$tags")"
}
pair python rabbitmq
pair postgres redis
pair prometheus alertmanager
pair consul nettools
jaeger
if [[ -n ${WITH_ENGINE_IMAGE:-} ]]; then build offline/engine:1 engine; fi # a second node, for Swarm
