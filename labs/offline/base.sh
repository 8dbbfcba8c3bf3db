#!/usr/bin/env bash
# A slim Debian base image without any container registry. Needs root and debootstrap.
# usage: base.sh SUITE TAG LABEL   (the label tells it from an official image)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
suite=$1 tag=$2 label=$3
mirror=$("$here/mirror.sh") security=$("$here/mirror.sh" security)
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
debootstrap --variant=minbase --include=ca-certificates "$suite" "$root" "$mirror" >/dev/null

# What a container never reads stays out, now and whenever a package is added.
cat >"$root/etc/dpkg/dpkg.cfg.d/slim" <<'EOF'
path-exclude=/usr/share/doc/*
path-include=/usr/share/doc/*/copyright
path-exclude=/usr/share/man/*
path-exclude=/usr/share/info/*
path-exclude=/usr/share/locale/*
path-exclude=/usr/share/groff/*
path-exclude=/usr/share/lintian/*
path-exclude=/usr/share/i18n/*
EOF
cat >"$root/etc/apt/apt.conf.d/slim" <<'EOF'
APT::Install-Recommends "false";
APT::Install-Suggests "false";
Acquire::Languages "none";
Acquire::GzipIndexes "true";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb || true"; };
EOF
# What every stand-in does: install, and leave no lists or logs behind.
cat >"$root/usr/local/sbin/install-packages" <<'EOF'
#!/bin/sh
set -e
apt-get -qq update
DEBIAN_FRONTEND=noninteractive apt-get -qq install -y "$@"
rm -rf /var/lib/apt/lists/* /var/log/*.log /var/log/apt /var/cache/debconf/*-old /var/lib/dpkg/*-old
EOF
chmod +x "$root/usr/local/sbin/install-packages"
# No package may start its daemon while an image is built.
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod +x "$root/usr/sbin/policy-rc.d"

printf 'deb %s %s main\ndeb %s %s-updates main\n' "$mirror" "$suite" "$mirror" "$suite" >"$root/etc/apt/sources.list"
if [[ -n $security ]]; then printf 'deb %s %s-security main\n' "$security" "$suite" >>"$root/etc/apt/sources.list"; fi
printf '%s\n' "$mirror" >"$root/etc/apt/mirror"
# Trust what this machine trusts: a company's authority, for example, between us and the package index.
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"

find "$root/usr/share/doc" -type f ! -name copyright -delete
find "$root/usr/share/doc" -depth -type d -empty -delete
rm -rf "$root"/usr/share/{man,info,groff,lintian,locale}/* "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/* \
  "$root"/var/log/*.log "$root"/var/log/apt/* "$root"/var/cache/debconf/*-old "$root"/var/cache/ldconfig/* "$root"/var/lib/dpkg/*-old
tar -C "$root" --numeric-owner -c . | docker import \
  -c "LABEL $label=base" -c 'CMD ["bash"]' -c 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' - "$tag" >/dev/null
