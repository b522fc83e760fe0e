#!/usr/bin/env bash
# Installs what Highwater needs from Debian 12, as root or with sudo, and only what is missing.
#   scripts/install_dependencies.sh [build|test|bench|go]...     (default: build test)
set -euo pipefail
cd "$(dirname "$0")/.."

build=(g++ cmake ninja-build ccache pkg-config
  libboost1.81-dev libboost-json1.81-dev libpq-dev libpg-query-dev libyaml-cpp-dev prometheus-cpp-dev libssl-dev libre2-dev
  libspdlog-dev libfmt-dev libcli11-dev zlib1g-dev libcurl4-openssl-dev libldap-dev libpam0g-dev)
test=(haproxy slapd clang-format-14 clang-14 libclang-rt-14-dev libgtest-dev libgmock-dev postgresql-15 postgresql-client-15 openssl procps
  python3 python3-psycopg2 python3-psycopg python3-asyncpg
  default-jdk-headless libpostgresql-jdbc-java nodejs)
bench=(postgresql-15 postgresql-client-15 pgbouncer pgpool2 python3)
go=(golang-go golang-github-lib-pq-dev golang-github-jackc-pgx-v4-dev)

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# Packages must not start servers: a test starts its own, on free ports and in its own folder.
keep_services_down() {
  if ! installed postgresql-common && [ ! -e /etc/postgresql-common/createcluster.conf ]; then
    as_root mkdir -p /etc/postgresql-common
    echo 'create_main_cluster = false' | as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
  fi
  if [ ! -e /usr/sbin/policy-rc.d ]; then
    printf '#!/bin/sh\nexit 101\n' | as_root tee /usr/sbin/policy-rc.d >/dev/null
    as_root chmod +x /usr/sbin/policy-rc.d
    trap 'as_root rm -f /usr/sbin/policy-rc.d' EXIT
  fi
}

apt_install() {
  keep_services_down
  local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0)
  local options=(--yes --no-install-recommends -o Dpkg::Options::=--force-confold)
  # A stale or missing package list is the usual reason for a failure: then, and only then, fetch it.
  as_root "${apt[@]}" install "${options[@]}" "$@" >/dev/null 2>&1 && return
  as_root "${apt[@]}" update
  as_root "${apt[@]}" install "${options[@]}" "$@" >/dev/null
}

install_missing() {
  local missing=() package
  for package in "$@"; do installed "$package" || missing+=("$package"); done
  [ ${#missing[@]} -gt 0 ] || return 0
  echo "installing: ${missing[*]}"
  apt_install "${missing[@]}"
}

# Debian's nodejs goes with Debian's node-pg. Another vendor's refuses that package: there npm puts the driver into the
# build folder, where the tests look for it.
install_node_driver() {
  local modules=$PWD/build/node/node_modules
  NODE_PATH=$modules node -e 'require("pg")' 2>/dev/null && return
  if ! command -v npm >/dev/null; then
    install_missing node-pg
  else
    echo "installing: pg@8 from npm"
    mkdir -p build/node
    npm install --prefix build/node --no-save --no-audit --no-fund --silent pg@8
  fi
  NODE_PATH=$modules node -e 'require("pg")'
}

[ $# -gt 0 ] || set -- build test
wanted=()
for group in "$@"; do
  case $group in
    build) wanted+=("${build[@]}") ;;
    test) wanted+=("${test[@]}") ;;
    bench) wanted+=("${bench[@]}") ;;
    go) wanted+=("${go[@]}") ;;
    *) echo "usage: $0 [build|test|bench|go]..." >&2; exit 2 ;;
  esac
done
install_missing "${wanted[@]}"
for group in "$@"; do [ "$group" != test ] || install_node_driver; done
