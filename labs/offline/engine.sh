#!/usr/bin/env bash
# A Docker engine for a Debian machine that has none: Debian's packages, a daemon on its unix socket, Compose and buildx.
# Does nothing to an engine that answers. Prints the daemon's process id when it started one, and nothing otherwise:
# whoever started a daemon stops it, by that id. Needs root for installing and starting.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
log=${DOCKERD_LOG:-/var/log/dockerd.log}
answers() { timeout 10 docker version >/dev/null 2>&1; }

pid=
if ! answers; then
  [[ $(id -u) == 0 ]] || { echo "no engine answers, and only root can start one" >&2; exit 1; }
  if ! command -v dockerd >/dev/null; then
    apt-get -qq update >&2
    DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends docker.io iptables >&2
  fi
  # No session of ours: it must outlive this script, and must not get the terminal's ctrl+c. Of its own accord it has room
  # for about thirty networks; a lab takes five, and tests run several at once.
  setsid dockerd --default-address-pool base=10.208.0.0/12,size=24 >"$log" 2>&1 </dev/null &
  pid=$!
  for _ in $(seq 150); do
    answers && break
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.2
  done
  answers || { echo "the engine did not start; the end of $log:" >&2; tail -n 20 "$log" >&2; exit 1; }
fi
"$here/plugins.sh" >&2
if [[ -n $pid ]]; then printf '%s\n' "$pid"; fi
