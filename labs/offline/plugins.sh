#!/usr/bin/env bash
# Compose v2 and buildx for a Docker command that lacks them, from a newer Debian release than the machine's own (12 has
# neither; the programs are static enough to run there). Touches no apt configuration of the machine.
# usage: plugins.sh [FOLDER]   (default: where Docker looks for plugins of this user)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
suite=${PLUGINS_SUITE:-trixie}
into=${1:-${DOCKER_CONFIG:-$HOME/.docker}/cli-plugins}
if docker compose version >/dev/null 2>&1 && docker buildx version >/dev/null 2>&1; then exit 0; fi

mirror=$("$here/mirror.sh")
apt=$(mktemp -d)
trap 'rm -rf "$apt"' EXIT
chmod 755 "$apt" # apt reads it as its own user
mkdir -p "$apt"/etc/apt/{apt.conf.d,preferences.d,sources.list.d,trusted.gpg.d} "$apt"/state/lists/partial "$apt"/cache/archives/partial "$apt"/unpacked
touch "$apt/state/status"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$apt/etc/apt/sources.list"
cat >"$apt/apt.conf" <<EOF
Dir "$apt";
Dir::Etc "etc/apt";
Dir::State "state";
Dir::State::status "$apt/state/status";
Dir::Cache "cache";
APT::Architecture "$(dpkg --print-architecture)";
EOF
export APT_CONFIG=$apt/apt.conf
apt-get -qq update
(cd "$apt" && apt-get -qq download docker-compose docker-buildx)
for package in "$apt"/docker-*.deb; do dpkg-deb -x "$package" "$apt/unpacked"; done
mkdir -p "$into"
cp "$apt"/unpacked/usr/libexec/docker/cli-plugins/docker-{compose,buildx} "$into/"
docker compose version
docker buildx version
