#!/usr/bin/env bash
# The program as a user meets it: debug and release agree byte for byte, exit codes, refusals, and the database it leaves.
# Usage: end-to-end.sh DEBUG_BINARY RELEASE_BINARY
set -uo pipefail
debug=$(realpath "$1")
release=$(realpath "$2")
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0
passed=0

check() { # NAME CONDITION-COMMAND...
  local name=$1
  shift
  if "$@" >"$work/out" 2>"$work/err"; then
    passed=$((passed + 1))
  else
    failures=$((failures + 1))
    echo "not ok: $name"
    sed 's/^/    /' "$work/out" "$work/err" | head -n 20
  fi
}
exits() { # CODE COMMAND...
  local wanted=$1
  shift
  "$@"
  local code=$?
  [ "$code" = "$wanted" ] || { echo "exit code $code, not $wanted"; return 1; }
}

"$debug" run Scenarios --no-db --format json >"$work/debug.json"
"$release" run Scenarios --no-db --format json >"$work/release.json"
"$release" run Scenarios --no-db --format json >"$work/again.json"
check "debug and release print the same bytes" cmp "$work/debug.json" "$work/release.json"
check "two processes print the same bytes" cmp "$work/release.json" "$work/again.json"
check "the output is not empty" test -s "$work/release.json"

check "a run without failures exits 0" exits 0 "$release" run Scenarios/documented/1-internet-only.yaml --no-db
sed 's/transport: public/transport: managed/' Scenarios/documented/1-internet-only.yaml >"$work/wrong.yaml"
check "a failed expectation exits 1" exits 1 "$release" run "$work/wrong.yaml" --no-db
check "an unknown option exits 64" exits 64 "$release" run --colour
check "a missing file exits 66" exits 66 "$release" run "$work/nowhere.yaml" --no-db
printf 'shortpath: 1\ntitel: x\n' >"$work/bad.yaml"
check "a bad scenario exits 65" exits 65 "$release" check "$work/bad.yaml"
"$release" check "$work/bad.yaml" 2>"$work/message" >/dev/null
check "the message names file, line, column and the nearest key" grep -q "bad.yaml:2:1: .*title" "$work/message"
: >"$work/empty.yaml"
check "an empty file exits 65" exits 65 "$release" check "$work/empty.yaml"
head -c 104857600 /dev/zero >"$work/huge.yaml"
check "a file of 100 MB exits 65" exits 65 "$release" check "$work/huge.yaml"
rm -f "$work/huge.yaml"
check "every scenario passes check" exits 0 "$release" check Scenarios

check "a run stores its rows" exits 0 "$release" run Scenarios/documented --db "$work/run.sqlite"
echo "not a database, and nobody's to delete" >"$work/foreign.sqlite"
cp "$work/foreign.sqlite" "$work/foreign.copy"
check "a file that is no database exits 74" exits 74 "$release" run Scenarios/documented/1-internet-only.yaml --db "$work/foreign.sqlite"
check "and is left as it was" cmp "$work/foreign.sqlite" "$work/foreign.copy"

# A killed process leaves a database that opens with whole runs only.
for delay in 0.05 0.15 0.3; do
  "$debug" run Scenarios --db "$work/killed.sqlite" >/dev/null 2>&1 &
  pid=$!
  sleep "$delay"
  kill -9 "$pid" 2>/dev/null
  wait "$pid" 2>/dev/null
done
check "after kills the database opens and takes another run" exits 0 "$release" run Scenarios/documented/1-internet-only.yaml --db "$work/killed.sqlite"

"$release" explain Scenarios/documented/5-no-udp.yaml >"$work/explain.txt"
check "explain names the rules that stopped each attempt" grep -q "no-inner-udp" "$work/explain.txt"
check "explain numbers the steps" grep -qE "12[. ]" "$work/explain.txt"
advice=$(sed -n "s/^  shortpath explain .* --set '\(lift [^']*\)'$/\1/p" "$work/explain.txt" | head -n 1)
check "what explain advises makes it work" bash -c '"$1" run Scenarios/documented/5-no-udp.yaml --no-db --set "$2" | grep -qE "alice +sh-1 +managed"' _ "$release" "$advice"
check "a diagram of one session" bash -c '"$1" explain Scenarios/documented/4-vpn-udp-blocked.yaml --format mermaid | grep -q -- "-xp.*no-inner-udp"' _ "$release"
check "a diagram of several sessions exits 64" exits 64 "$release" explain Scenarios/measured/two-clients.yaml --format mermaid
"$debug" matrix --kinds rfc4787 --format json --jobs 1 >"$work/matrix-1.json"
"$release" matrix --kinds rfc4787 --format json --jobs 3 >"$work/matrix-3.json"
check "the NAT matrix has the same bytes on one worker and three, debug and release" cmp "$work/matrix-1.json" "$work/matrix-3.json"
check "and 81 cells" test "$(grep -c client_nat "$work/matrix-1.json")" = 81
check "the 9 x 9 grid is the committed one" bash -c '"$1" matrix --kinds rfc4787 | cmp - Tests/Snapshots/nat-9x9.txt' _ "$release"
check "a wrong kind of NAT exits 64" exits 64 "$release" matrix --kinds symetric
"$release" matrix --kinds symetric 2>"$work/message"
check "and the nearest name is told" grep -q "did you mean 'symmetric'" "$work/message"

"$debug" whatif Scenarios/measured/two-clients.yaml --set networks.home.nat=symmetric --format json >"$work/whatif-debug.json"
"$release" whatif Scenarios/measured/two-clients.yaml --set networks.home.nat=symmetric --format json >"$work/whatif-release.json"
check "whatif prints the same bytes in debug and release" cmp "$work/whatif-debug.json" "$work/whatif-release.json"
check "whatif says what nobody asked for" bash -c '"$1" whatif Scenarios/measured/two-clients.yaml --set networks.home.nat=symmetric --session 1 | grep -q "^Side effects"' _ "$release"
check "whatif without a change exits 64" exits 64 "$release" whatif Scenarios/documented/1-internet-only.yaml
check "whatif with a change of nothing exits 64" exits 64 "$release" whatif Scenarios/documented/1-internet-only.yaml --set "links.tranzit.delay=3 ms"
check "whatif of a missing file exits 66" exits 66 "$release" whatif "$work/nowhere.yaml" --set "links.transit.delay=3 ms"
for jobs in 1 3; do
  "$release" whatif Scenarios/documented/5-no-udp.yaml --fix "transport public route internet" --format json --jobs $jobs >"$work/fix-$jobs.json"
done
check "fixes are the same bytes on one worker and three" cmp "$work/fix-1.json" "$work/fix-3.json"
command=$("$release" whatif Scenarios/documented/5-no-udp.yaml --fix "transport public route internet" | grep -m 1 "^  shortpath whatif" | sed "s|shortpath|'$release'|")
eval "$command" >"$work/fixed.txt"
check "the command that a fix shows reaches the goal" grep -q "^Session 1 would go from reverse connect to public over the internet" "$work/fixed.txt"
check "a goal out of reach exits 1" exits 1 "$release" whatif Scenarios/documented/1-internet-only.yaml --fix "transport public within 10 ms" --limit 60
check "a goal that holds exits 0" exits 0 "$release" whatif Scenarios/documented/1-internet-only.yaml --fix "transport public"
check "a goal that cannot be read exits 64" exits 64 "$release" whatif Scenarios/documented/1-internet-only.yaml --fix "transport pubic"

check "compare has two sides" bash -c '"$1" compare Scenarios/documented/1-internet-only.yaml Scenarios/documented/2-vpn-lowest-latency.yaml | grep -q "vpn[*]"' _ "$release"
check "compare with nothing to compare exits 64" exits 64 "$release" compare Scenarios/documented/1-internet-only.yaml
check "seeds that are no numbers exit 64" exits 64 "$release" compare Scenarios/documented/1-internet-only.yaml --seeds 1-x
"$release" run Scenarios/documented --db "$work/before.sqlite" >/dev/null
"$release" run Scenarios/documented --db "$work/after.sqlite" --set host-pool.ManagedPrivateUdp=Disabled >/dev/null
"$release" compare "$work/before.sqlite" "$work/after.sqlite" >"$work/stored.txt"
check "stored results are compared" grep -q "^1 of 5 sessions differs: transport in 1" "$work/stored.txt"
check "a stored run is what the scenario gives" bash -c '"$1" compare Scenarios/documented/2-vpn-lowest-latency.yaml "$2" | grep -q "^No difference: 1 session"' _ "$release" "$work/before.sqlite"
check "a scenario that is not stored exits 66" exits 66 "$release" compare Scenarios/measured/two-clients.yaml "$work/before.sqlite"
for jobs in 1 3; do
  "$release" compare Scenarios/documented/2-vpn-lowest-latency.yaml --across nat=home-router,symmetric,vpn=on,off --format csv --jobs $jobs >"$work/across-$jobs.csv"
done
check "variations are the same bytes on one worker and three" cmp "$work/across-1.csv" "$work/across-3.csv"
check "a value that is none exits 64" exits 64 "$release" compare Scenarios/documented/1-internet-only.yaml --across nat=symetric
"$release" compare Scenarios/documented/1-internet-only.yaml --across nat=symetric 2>"$work/message"
check "and axis, value and the nearest name are told" grep -q "axis 'nat', value 'symetric': .*did you mean 'symmetric'" "$work/message"

check "codes has a page" exits 0 "$release" codes no-answer
check "an unknown code exits 64" exits 64 "$release" codes no-anser

check "a list of results that nobody reads ends quietly" bash -c '"$1" run Scenarios --no-db | head -n 1' _ "$release"
check "a full disk under the output exits 74" exits 74 bash -c 'exec "$1" run Scenarios/documented --no-db >/dev/full' _ "$release"
check "a database in a folder that is missing exits 74" exits 74 "$release" run Scenarios/documented/1-internet-only.yaml --db "$work/no/such/x.sqlite"
check "--db with --no-db exits 64" exits 64 "$release" run Scenarios/documented/1-internet-only.yaml --db "$work/x.sqlite" --no-db
check "a change of nothing exits 64" exits 64 "$release" run Scenarios/documented/1-internet-only.yaml --no-db --set "links.tranzit.delay=3 ms"
check "a setting is changed by its real name" bash -c '"$1" run Scenarios/documented/1-internet-only.yaml --no-db --set "host-pool.rdp-properties.use udp=0" | grep -q "switched off (managed, public, relayed: use udp)"' _ "$release"
check "a session that is not there exits 64" exits 64 "$release" explain Scenarios/documented/1-internet-only.yaml --session 9
"$release" resolve Scenarios/documented/3-managed-first-found.yaml >"$work/3-managed-first-found.yaml"
"$release" run "$work/3-managed-first-found.yaml" --no-db --format json >"$work/resolved.json"
"$release" run Scenarios/documented/3-managed-first-found.yaml --no-db --format json >"$work/plain.json"
check "a resolved scenario runs to the same bytes" cmp "$work/resolved.json" "$work/plain.json"
"$release" run Scenarios/documented --db "$work/two.sqlite" >/dev/null &
"$release" run Scenarios/measured --db "$work/two.sqlite" >/dev/null
wait
check "two processes write one database in turn" exits 0 "$release" run Scenarios/documented/1-internet-only.yaml --db "$work/two.sqlite"

"$release" resolve --plain Scenarios/documented/3-managed-first-found.yaml >"$work/plain-form.yaml"
check "so does one without origins" bash -c 'mkdir -p "$2/p" && cp "$2/plain-form.yaml" "$2/p/3-managed-first-found.yaml" && "$1" run "$2/p/3-managed-first-found.yaml" --no-db --format json | cmp - "$2/plain.json"' _ "$release" "$work"
"$debug" schema >"$work/schema-debug.json"
"$release" schema >"$work/schema.json"
check "the schema has the same bytes, debug and release" cmp "$work/schema-debug.json" "$work/schema.json"
check "new writes a scenario that holds" bash -c 'cd "$2" && "$1" new home-worker >/dev/null && "$1" run home-worker.yaml --no-db >/dev/null' _ "$release" "$work"
check "and never over a file that is there" exits 74 "$release" new home-worker --output "$work/home-worker.yaml"
check "a wrong template exits 64" exits 64 "$release" new home-wroker
untaught=$("$release" --help | sed -n '/^SUBCOMMANDS/,$p' | awk '/^  [a-z]/ { print $1 }' | while read -r name; do
  "$release" help "$name" | grep -q "^Example" || echo "$name"
done)
check "the help of every command has examples${untaught:+, but not $untaught}" test -z "$untaught"
for shell in bash zsh fish; do
  check "a completion script for $shell" bash -c '"$1" --generate-completion-script "$2" | grep -q home-worker' _ "$release" "$shell"
done
check "bash takes its script" bash -c '"$1" --generate-completion-script bash | bash -n' _ "$release"
check "what is piped has no colours" bash -c '! TERM=xterm "$1" explain Scenarios/documented/5-no-udp.yaml | grep -q "$(printf "\033")"' _ "$release"
if script --version 2>/dev/null | grep -q util-linux; then
  terminal() { TERM=xterm script -qec "stty cols 70; $*" /dev/null </dev/null; }
  check "a terminal gets colours" bash -c 'grep -q "$(printf "\033")\[1m"' <<<"$(terminal "$release" run Scenarios/documented --no-db)"
  check "and none with NO_COLOR" bash -c '! grep -q "$(printf "\033")\[[0-9]*m"' <<<"$(terminal "NO_COLOR=1 $release run Scenarios/documented --no-db")"
  check "no line but a command is wider than it" bash -c '! sed "s/.*\r//; s/\x1b\[[0-9]*[mK]//g" | grep -v "^ *shortpath " | LC_ALL=C.UTF-8 grep -qE ".{71}"' <<<"$(terminal "$release" explain Scenarios/documented/5-no-udp.yaml | tr -d '\r')"
fi

check "every command that the README shows prints what it shows" Tests/readme.sh "$release"

"$debug" capture Scenarios/documented/2-vpn-lowest-latency.yaml --output "$work/debug.pcapng" --inner "$work/debug-inner.pcapng" >/dev/null
"$release" run Scenarios/documented/2-vpn-lowest-latency.yaml --no-db --capture "$work/release.pcapng" --capture-inner "$work/release-inner.pcapng" >"$work/captured.txt" 2>/dev/null
check "debug's capture and release's run leave the same capture" cmp "$work/debug.pcapng" "$work/release.pcapng"
check "and the same inner view" cmp "$work/debug-inner.pcapng" "$work/release-inner.pcapng"
"$release" run Scenarios/documented/2-vpn-lowest-latency.yaml --no-db >"$work/plain.txt"
check "a run prints the same with and without a capture" cmp "$work/plain.txt" "$work/captured.txt"
check "several runs are captured into a folder" bash -c '"$1" run Scenarios/documented --no-db --capture "$2/captures/" >/dev/null 2>&1 && [ "$(ls "$2/captures" | wc -l)" = 5 ]' _ "$release" "$work"
check "a capture in a folder that is missing exits 74" exits 74 "$release" capture Scenarios/documented/1-internet-only.yaml --output "$work/no/such/x.pcapng"
check "a place that is none exits 64" exits 64 "$release" capture Scenarios/documented/1-internet-only.yaml --at alcie --output "$work/x.pcapng"
check "a capture over its own scenario exits 64" exits 64 "$release" capture Scenarios/documented/1-internet-only.yaml --output Scenarios/documented/1-internet-only.yaml
check "a capture and its inner view in one file exit 64" exits 64 "$release" capture Scenarios/documented/1-internet-only.yaml --output "$work/x.pcapng" --inner "$work/x.pcapng"
mkfifo "$work/fifo"
check "a capture is written into a pipe, which stays one" bash -c 'cat "$2/fifo" >"$2/piped.pcapng" & "$1" capture Scenarios/documented/2-vpn-lowest-latency.yaml --output "$2/fifo" >/dev/null; wait; [ -p "$2/fifo" ] && cmp "$2/piped.pcapng" "$2/release.pcapng"' _ "$release" "$work"
check "a capture to a full disk exits 74" bash -c '"$1" capture Scenarios/documented/1-internet-only.yaml --output - >/dev/full 2>/dev/null; [ $? = 74 ]' _ "$release"
check "a folder behind a link is read" bash -c 'ln -s "$PWD/Scenarios" "$2/link" && "$1" check "$2/link" >/dev/null' _ "$release" "$work"
check "a capture to stdout is one" bash -c '"$1" capture Scenarios/documented/1-internet-only.yaml --at alice --output - | tshark -r - -c 1 2>/dev/null | grep -q TCP' _ "$release"

# Baselines: the committed ones first, then the life of one in a folder of its own.
check "every scenario is as its baseline says, in release" exits 0 "$release" test --ci
check "and in debug" exits 0 "$debug" test --ci --jobs 1
mkdir -p "$work/own/case"
cp Scenarios/documented/1-internet-only.yaml "$work/own/case/a.yaml"
here() { (cd "$work/own" && CI= "$release" "$@"); }
ci() { (cd "$work/own" && CI=true "$release" "$@"); }
own=$work/own/case/baselines
check "in CI a missing baseline exits 1" exits 1 ci test case
check "and nothing is written" test ! -e "$own"
check "without CI it exits 1 too" exits 1 here test case
check "and what it would be is pending" test -s "$own/a.pending"
check "accepting wants a note" exits 64 here accept case
check "review without a terminal lists and exits 1" exits 1 here review case
check "a pattern that nothing is like exits 66" exits 66 here accept case --only 'b*' --note x
check "accepting keeps it" exits 0 here accept case --only 'a' --note "as it is"
check "with its note" grep -qx "note: as it is" "$own/a.baseline"
check "then all is as before" exits 0 ci test case
check "and nothing is pending" exits 0 here review case
check "the same bytes as the committed one, but for the note" bash -c 'diff <(grep -v ^note: "$1") <(grep -v ^note: Scenarios/documented/baselines/1-internet-only.baseline)' _ "$own/a.baseline"
sed -i 's/^title: .*/title: Other words/' "$work/own/case/a.yaml"
check "other words are no change" exits 0 ci test case
sed -i 's/delay: 14 ms/delay: 15 ms/' "$work/own/case/a.yaml"
check "a longer delay is one" exits 1 ci test case --junit "$work/own/out.xml" --markdown "$work/own/out.md"
cp "$work/out" "$work/own/told"
check "of the trajectory alone" grep -q "Nothing of the story changed" "$work/own/told"
check "which JUnit's XML tells" grep -q 'failures="1"' "$work/own/out.xml"
check "and the Markdown" grep -q "| \`case/a.yaml\` | changed |" "$work/own/out.md"
check "--only outcome lets it pass" exits 0 ci test case --only outcome
check "and leaves nothing pending" test ! -e "$own/a.pending"
check "without CI and --only it exits 1" exits 1 here test case
check "and what differs is pending" test -s "$own/a.pending"
check "until it is rejected" exits 0 here reject case
check "and then gone" test ! -e "$own/a.pending"
sed -i 's/, nat: azure-public-ip/, nat: symmetric, firewall: { rules: [ { name: no-udp, action: drop, protocol: udp } ] }/' "$work/own/case/a.yaml"
check "another outcome exits 1" exits 1 ci test case
cp "$work/out" "$work/own/told"
check "is told in words" grep -q "public over internet, only-direct-path -> reverse-connect over internet, no-udp-path" "$work/own/told"
check "with the first divergent record and its causes" grep -q "The first divergent record: at .* sh-1, session 1, public" "$work/own/told"
check "back to the click" grep -qE "alice +click" "$work/own/told"
printf 'x\n' >>"$own/a.baseline"
check "a baseline that cannot be read exits 1" exits 1 ci test case
mv "$work/own/case/a.yaml" "$work/own/case/b.yaml"
check "a baseline without a scenario exits 1" exits 1 ci test case
cp "$work/out" "$work/own/told"
check "and is named" grep -q "ORPHANED  case/baselines/a.baseline" "$work/own/told"
check "a report that cannot be written exits 74" exits 74 ci test case --junit "$work/no/such.xml"

echo "$passed passed, $failures failed"
[ "$failures" = 0 ]
