#!/usr/bin/env bash
# Prints the package mirror that this machine's apt is set up with. usage: mirror.sh [main|security]
# No host is named in this folder: on a company's network it is theirs, elsewhere it is Debian's.
set -euo pipefail
# shellcheck disable=SC2016  # apt expands them
sources() { apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 'Created-By: Packages' | sort -u; }
[[ -n $(sources) ]] || apt-get -qq update >&2
case ${1:-main} in
  main) found=$(sources | awk '$1 !~ /-/ && $2 ~ /\/debian\/?$/ && !n++ {print $2}') ;;
  security) found=$(sources | awk '$1 ~ /-security/ && !n++ {print $2}') ;;
  *) echo "usage: mirror.sh [main|security]" >&2; exit 2 ;;
esac
if [[ -z $found && ${1:-main} == main ]]; then
  echo "apt on this machine has no Debian mirror: this kit needs Debian 12 or newer" >&2; exit 1
fi
printf '%s\n' "$found"
