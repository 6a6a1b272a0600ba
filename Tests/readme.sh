#!/usr/bin/env bash
# Every command of README.md that shows its output is run, and prints every line that is shown. `…` stands for lines left out.
# Usage: readme.sh BINARY
set -uo pipefail
binary=$(realpath "$1")
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin" "$work/at"
ln -s "$binary" "$work/bin/shortpath"
ln -s "$root/Scenarios" "$work/at/Scenarios"
# Commands in blocks that begin with one become files: the command, then the lines that are shown. They run in turn, in one folder.
awk -v to="$work" '
  /^```/ { inside = !inside; shown = 0; if (inside) first = 1; next }
  inside && (first || shown) && /^\$ / { n++; shown = 1 }
  { if (inside) first = 0 }
  shown { print > sprintf("%s/block-%03d", to, n) }
' "$root/README.md"
failures=0
blocks=0
for block in "$work"/block-*; do
  blocks=$((blocks + 1))
  command=$(head -n 1 "$block" | sed 's/^\$ //')
  (cd "$work/at" && env -u CI PATH="$work/bin:$PATH" bash -c "$command") >"$work/out" 2>"$work/err" </dev/null
  code=$?
  if [ $code -gt 1 ]; then
    failures=$((failures + 1))
    echo "not ok: $command: exit code $code"
    head -n 5 "$work/err"
    continue
  fi
  tail -n +2 "$block" | grep -vxE '…|' >"$work/shown"
  missing=$(grep -vxFf "$work/out" "$work/shown")
  if [ -n "$missing" ] && [ -s "$work/shown" ]; then
    failures=$((failures + 1))
    echo "not ok: $command does not print"
    echo "$missing" | head -n 10 | sed 's/^/    /'
  fi
done
echo "README: $blocks commands run, $failures failed"
[ "$failures" = 0 ] && [ "$blocks" -gt 2 ]
