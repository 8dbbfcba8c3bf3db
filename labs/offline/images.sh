#!/usr/bin/env bash
# Stand-ins for the official images that the system names, built from Debian packages, for a machine that reaches no
# container registry. Each honours as much of the official image's contract as the system uses (README.md lists it).
# usage: images.sh          build what is missing, and again what has changed; an official image is never touched
#        images.sh remove   remove the stand-ins, and nothing else
# Needs root, an engine, Compose and buildx (engine.sh).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
system=$here/../system
mark=shop.stand-in
suite=${STAND_IN_SUITE:-trixie}
base=offline/base:$suite
export DOCKER_BUILDKIT=1

# The tags come from the Compose file, so that the two cannot drift apart.
tags=$(docker compose -f "$system/compose.yaml" --profile '*' config --images)
tag_of() {
  case $1 in
    python) echo "${PYTHON_IMAGE:-python:3.13-slim}" ;;
    observer) grep '^shop/observer:' <<<"$tags" ;;
    *) grep -E "(^|/)$1:" <<<"$tags" | grep -v '^shop/' | head -n 1 ;;
  esac
}
kind_of() { # TAG: prints missing, official or stand-in
  if ! docker image inspect "$1" >/dev/null 2>&1; then echo missing; return; fi
  if [[ -n $(docker image inspect -f "{{index .Config.Labels \"$mark\"}}" "$1") ]]; then echo stand-in; else echo official; fi
}
images=(python rabbitmq postgres redis prometheus alertmanager consul jaeger)

if [[ ${1:-} == remove ]]; then
  for tag in $(for image in "${images[@]}"; do tag_of "$image"; done) "$base"; do
    if [[ $(kind_of "$tag") == stand-in ]]; then docker image rm "$tag" >/dev/null && echo "removed $tag"; fi
  done
  exit
fi
[[ $# == 0 ]] || { echo "usage: images.sh [remove]" >&2; exit 2; }

logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
build() { # IMAGE [ARGUMENTS]: says what it does; shows the end of the log when it fails
  local image=$1 tag before after log=$logs/$1
  shift
  tag=$(tag_of "$image")
  if [[ $(kind_of "$tag") == official ]]; then echo "kept    $tag (official)"; return; fi
  before=$(docker image inspect -f '{{.Id}}' "$tag" 2>/dev/null || true)
  if ! docker build -q -t "$tag" --label "$mark=$image" --build-arg "BASE=$base" "$@" "$here/images/$image" >"$log" 2>&1; then
    echo "failed  $tag" >&2; tail -n 30 "$log" >&2
    return 1
  fi
  after=$(docker image inspect -f '{{.Id}}' "$tag")
  if [[ $before == "$after" ]]; then echo "kept    $tag"; else echo "built   $tag"; fi
}
python_then_jaeger() { # Jaeger cannot be had from Debian: it is our own observer, at the ports where a Jaeger listens
  build python
  if [[ $(kind_of "$(tag_of jaeger)") == official ]]; then build jaeger; return; fi
  docker compose -f "$system/compose.yaml" --profile observability build -q observer >"$logs/observer" 2>&1 \
    || { echo "failed  $(tag_of observer)" >&2; tail -n 30 "$logs/observer" >&2; return 1; }
  build jaeger --build-arg "OBSERVER=$(tag_of observer)"
}

if [[ $(kind_of "$base") == missing ]]; then
  command -v debootstrap >/dev/null || { apt-get -qq update && apt-get -qq install -y --no-install-recommends debootstrap; } >&2
  "$here/base.sh" "$suite" "$base" "$mark"
  echo "built   $base"
fi

# All at once: while some unpack, others wait for the network, and two cores are busy to the end.
jobs=()
python_then_jaeger & jobs+=($!)
for image in "${images[@]}"; do
  case $image in python | jaeger) continue ;; esac
  build "$image" & jobs+=($!)
done
status=0
for job in "${jobs[@]}"; do wait "$job" || status=1; done
exit "$status"
