#!/usr/bin/env bash
# The project's own rules, checked on every file. Prints file:line, what is wrong and the remedy; exit code 1 if anything is.
#
#   tests/tidy/tidy.sh [ROOT]
#
# The rules are in tidy.awk (code) and below (documents and scripts).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "${1:-$here/../..}" && pwd)
cd "$root"

# Tracked and new files, not ignored ones; without git, everything outside build and data folders.
list() {
  if [ -e .git ] && git ls-files -z --cached --others --exclude-standard 2>/dev/null; then return; fi
  find . \( -name .git -o -name build -o -name data \) -prune -o -type f -printf '%P\0'
}
mapfile -d '' -t files < <(list | sort -zu)
code=() documents=() texts=()
for file in "${files[@]}"; do
  [ -f "$file" ] || continue
  case "$file" in
    tests/tidy/*) ;;  # names the words it bans
    *.cc | *.h) code+=("$file") ;;
    *.md) documents+=("$file") ;;
    *.sh | *.cmake | *CMakeLists.txt | *.toml | *.proto | run | test | bench | .ci/*) texts+=("$file") ;;
  esac
done

faults=$(mktemp)
trap 'rm -f "$faults"' EXIT

if [ ${#code[@]} -gt 0 ]; then awk -f "$here/tidy.awk" "${code[@]}" >> "$faults"; fi

# Unfinished work is finished, or written down where work is planned; it is not left in files.
if [ $((${#documents[@]} + ${#texts[@]})) -gt 0 ]; then
  grep -nEw 'TODO|FIXME|XXX' "${documents[@]}" "${texts[@]}" /dev/null |
    sed -E 's/^([^:]*:[0-9]+):.*/\1: unfinished-work marker; do it, or plan it in an issue/' >> "$faults" || true
fi

# Documents: links lead somewhere, and so do paths in backquotes that begin with one of our folders.
exists() { compgen -G "$1" > /dev/null; }
for document in "${documents[@]}"; do
  folder=$(dirname "$document")
  while IFS=: read -r line target; do
    path=${target%%#*}
    [ -z "$path" ] && continue
    [[ $path == /* ]] && { echo "$document:$line: link to \"$target\" is absolute; make it relative" >> "$faults"; continue; }
    [ -e "$folder/$path" ] || echo "$document:$line: link to \"$target\" leads nowhere; correct or remove it" >> "$faults"
  done < <(grep -noE '\]\([^)[:space:]]+\)' "$document" | sed -E 's/^([0-9]+):\]\((.*)\)$/\1:\2/' |
    grep -vE '^[0-9]+:(https?|mailto):' || true)
  while IFS=: read -r line path; do
    bare=${path%%:*}
    exists "${bare%/}" || [ -e "$folder/${bare%/}" ] ||
      echo "$document:$line: path \"$path\" does not exist; correct it" >> "$faults"
  done < <(grep -noE '`\.?/?(common|services|tools|tests|docs|deploy|proto|cmake)/[A-Za-z0-9_./*-]+`' "$document" |
    sed -E 's/`//g; s#:\./#:#' || true)
done

if [ -s "$faults" ]; then
  sort -t: -k1,1 -k2,2n "$faults" | uniq
  echo "tidy: $(sort -u "$faults" | wc -l) faults in $((${#code[@]} + ${#documents[@]} + ${#texts[@]})) files"
  echo "repeat: tests/tidy/tidy.sh"
  exit 1
fi
echo "tidy: ${#code[@]} code files, ${#documents[@]} documents, ${#texts[@]} scripts: good"
