# Shell functions that ./run, ./test and ./bench share. Sourced, not run; expects set -euo pipefail.
#
#   source "$(dirname "${BASH_SOURCE[0]}")/deploy/lib.sh"
#   fc_steps 3
#   fc_install_packages
#   fc_build release fundcore fundctl

# shellcheck shell=bash
FC_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
FC_STARTED=$SECONDS
FC_STEP=0
FC_STEPS=0

# fc_steps N: how many steps will be announced.
fc_steps() { FC_STEPS=$1; }

# fc_step TEXT: announces the next step, with the time since the start: "[2/4] 0:37 building release".
fc_step() {
  FC_STEP=$((FC_STEP + 1))
  local elapsed=$((SECONDS - FC_STARTED))
  printf '[%d/%d] %d:%02d %s\n' "$FC_STEP" "$FC_STEPS" $((elapsed / 60)) $((elapsed % 60)) "$*" >&2
}

# fc_fail WHAT REMEDY: says both and ends with code 3 (cannot do it here).
fc_fail() {
  printf 'fundcore: %s; %s\n' "$1" "$2" >&2
  exit 3
}

# fc_missing_packages: names from deploy/packages.txt that are not installed, one a line. One dpkg-query for all of them.
fc_missing_packages() {
  local wanted
  mapfile -t wanted < <(sed -E 's/#.*//; s/[[:space:]]+//g; /^$/d' "$FC_ROOT/deploy/packages.txt")
  comm -23 <(printf '%s\n' "${wanted[@]}" | sort -u) \
    <(dpkg-query -W -f='${db:Status-Abbrev} ${Package}\n' "${wanted[@]}" 2>/dev/null | sed -n 's/^ii *//p' | sort -u)
}

# fc_install_packages: a step. Touches apt only where something is missing; on other systems it only says what is needed.
fc_install_packages() {
  fc_step "checking packages"
  if ! command -v dpkg-query > /dev/null; then
    echo "fundcore: this is no Debian system; see deploy/packages.txt for what must be there" >&2
    return
  fi
  local missing
  mapfile -t missing < <(fc_missing_packages)
  [ ${#missing[@]} -eq 0 ] && return
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo > /dev/null || fc_fail "missing packages: ${missing[*]}" "install them as root, or install sudo"
    as_root=(sudo)
  fi
  echo "installing ${missing[*]}" >&2
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq >&2 ||
    echo "fundcore: the package lists could not be brought up to date; trying with those that are here" >&2
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2 ||
    fc_fail "could not install ${missing[*]}" "see apt's message above"
}

# fc_build PRESET [TARGET...]: a step. Configures where that is needed and builds the targets, or everything.
fc_build() {
  local preset=$1
  shift
  fc_step "building $preset: ${*:-everything}"
  cd "$FC_ROOT" || fc_fail "$FC_ROOT is not there" "call this from a clone"
  local log="build/$preset/configure.log"
  if [ ! -f "build/$preset/build.ninja" ]; then
    mkdir -p "build/$preset"
    cmake --preset "$preset" > "$log" 2>&1 || { cat "$log" >&2; fc_fail "cmake could not configure" "see its message above"; }
  fi
  local targets=()
  [ $# -gt 0 ] && targets=(--target "$@")
  cmake --build "build/$preset" "${targets[@]}" >&2 || fc_fail "the build failed" "repeat: cmake --build build/$preset ${targets[*]}"
}
