#!/usr/bin/env bash
# Wrong rules built into a copy of the program: held against their baselines, the scenarios must notice every one of them, show the
# record at which it begins, and notice nothing without them, nor when only words differ.
# And one copy that is no wrong rule, in which every duration counts double: the same must happen at twice the time.
# All of them stand in one copy, each behind a question to the environment, so that one build serves them all. A replacement that does
# not match its line exactly once fails: whoever rewrites such a line moves the mutant with it.
# Usage: mutants.sh [SWIFT]
set -uo pipefail
swift=${1:-swift}
cd "$(dirname "$0")/.."
copy=.build-mutants
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
cp -R Sources "$stage/Sources"

mutate() { # FILE OLD NEW
  local text rest
  text=$(cat "$stage/Sources/$1" && echo x) || { echo "not ok: there is no Sources/$1"; exit 1; }
  text=${text%x}
  rest=${text#*"$2"}
  [ "$rest" != "$text" ] || { echo "not ok: Sources/$1 has no '$2'"; exit 1; }
  [[ "$rest" != *"$2"* ]] || { echo "not ok: Sources/$1 has '$2' more than once"; exit 1; }
  printf '%s' "${text%%"$2"*}$3$rest" >"$stage/Sources/$1"
}

cat >"$stage/Sources/SimulationKernel/Mutant.swift" <<'SWIFT'
// Which wrong rule this process follows.
#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
private let active = getenv("SHORTPATH_MUTANT").map { String(cString: $0) }
public func isMutant(_ name: String) -> Bool { active == name }
SWIFT

# The host takes only the one kind of tunnel while the other may still come, instead of the first it finds.
judge='firstFound.handle(.tunnelRequested(flow.transport, requestID: requestID, cookie: cookie), at: stack.now, into: &effects)'
mutate VirtualDesktop/Host/HostSession.swift "$judge" \
  "if isMutant(\"always-managed\"), flow.transport == .public, role.settings.shortpath.managed == nil { return .refuse(.lostRace) }
    if isMutant(\"always-ice\"), flow.transport == .managed, role.settings.shortpath.ice == nil { return .refuse(.lostRace) }
    $judge"

# The choice closes with the first valid pair, instead of taking the lowest round trip of a window.
window='windowEnds = now + settings.selectionWindow'
mutate Protocols/ICE/ICEAgent+Selection.swift "$window" \
  'windowEnds = isMutant("first-valid-pair") ? now : now + settings.selectionWindow'

# A NAT refreshes its mapping on packets that its filter drops (against RFC 4787 REQ-6).
filter='        return unsolicited(.natFiltered, packet)'
mutate NetworkModel/Translation/AddressTranslator.swift "$filter" \
  "        if isMutant(\"refreshes-on-filtered\") { mappings[Int(row)].expires = now + lifetime(of: row, now: now) }
$filter"

# A tunnel request is accepted, and a SYN answered, whatever its cookie.
outstanding='    case .outstanding(let requestID, let cookie, let authenticated):
      switch input {'
mutate Protocols/Sequences/FirstFound.swift "$outstanding" \
  "$outstanding
      case .tunnelRequested(let transport, _, _) where isMutant(\"skips-cookie\"):
        state = .established(transport, requestID: requestID, cookie: cookie)
        effects.append(.verdict(transport, .accept))"
mutate VirtualDesktop/Host/SessionHostRole.swift 'let session = outstanding[hash] else' \
  'let session = outstanding[hash] ?? (isMutant("skips-cookie") ? outstanding.first?.value : nil) else'

# Not a wrong rule but other words, which are no change.
clause='it was the only direct path that answered'
mutate Simulation/Folding/SessionSentence.swift "$clause" "\\(isMutant(\"other-words\") ? \"nothing else answered\" : \"$clause\")"
mutate Simulation/Folding/Judging.swift '"route \(route)"' 'isMutant("other-words") ? "way \(route)" : "route \(route)"'

# Not a wrong rule but another unit of time: every duration that the sources or a scenario name, and what a byte takes at any rate,
# counts double. All that happens must then happen alike, at twice the time.
cat >>"$stage/Sources/SimulationKernel/Mutant.swift" <<'SWIFT'
public let stretch: Int64 = isMutant("half-speed") ? 2 : 1
SWIFT
for unit in 'microseconds 1_000' 'milliseconds 1_000_000' 'seconds 1_000_000_000'; do
  set -- $unit
  mutate SimulationKernel/SimTime.swift "static func $1(_ n: Int64) -> SimDuration { SimDuration(nanoseconds: n * $2) }" \
    "static func $1(_ n: Int64) -> SimDuration { SimDuration(nanoseconds: n * $2 * stretch) }"
done
mutate SimulationKernel/Quantities.swift 'let bits = Int64(bytes) &* 8' 'let bits = Int64(bytes) &* 8 &* stretch'
mutate ScenarioFormat/Units.swift 'guard let size = names.first(where: { $0.name == name })?.size else {' \
  'guard let size = names.first(where: { $0.name == name }).map({ $0.size * (step == "1 ns" ? stretch : 1) }) else {'

# Only what differs is copied, so that the next build is incremental.
mkdir -p "$copy"
for link in Tests Benchmarks; do ln -sfn "../$link" "$copy/$link"; done
while IFS= read -r file; do
  cmp -s "$stage/$file" "$copy/$file" || { mkdir -p "$copy/$(dirname "$file")" && cp "$stage/$file" "$copy/$file"; }
done < <(cd "$stage" && find Sources -type f)
while IFS= read -r file; do [ -e "$stage/$file" ] || rm "$copy/$file"; done < <(cd "$copy" && find Sources -type f)
for file in Package.swift Package.resolved; do cmp -s "$file" "$copy/$file" || cp "$file" "$copy/$file"; done
"$swift" build --package-path "$copy" --product shortpath >"$stage/build" 2>&1 || { cat "$stage/build"; exit 1; }
program="$copy/.build/debug/shortpath"

failures=0
fails() { failures=$((failures + 1)); echo "not ok: $1"; }
for same in none other-words; do
  if ! SHORTPATH_MUTANT=$same "$program" test --ci >"$stage/out" 2>&1; then
    echo "not ok: something changed by '$same'"
    cat "$stage/out"
    exit 1
  fi
done
echo "other-words: no change"
for mutant in always-managed always-ice first-valid-pair refreshes-on-filtered skips-cookie; do
  SHORTPATH_MUTANT=$mutant "$program" test --ci --details 1000 >"$stage/out" 2>&1
  code=$?
  [ "$code" = 1 ] || { fails "$mutant survives (exit code $code)"; continue; }
  grep -q 'The first divergent record' "$stage/out" || fails "$mutant is caught without the record at which it begins"
  # Some break a law of the selection rule, which no baseline is needed for.
  case $mutant in
    always-*) law=first-found ;;
    skips-cookie) law=matching-session ;;
    *) law= ;;
  esac
  [ -z "$law" ] || grep -q "BROKEN $law" "$stage/out" || fails "$mutant breaks the law '$law' unseen"
  echo "$mutant: $(sed -nE 's,^CHANGED .*/([^/]*)\.yaml: outcome.*,\1,p' "$stage/out" | sort -u | tr '\n' ' ')${law:+(law: $law)}"
done

# The values of a key in a run's JSON, one a line.
values() { grep -oE "\"$1\": (\"[0-9a-f]{16}\"|[0-9.]+|null)" "$2" | cut -d' ' -f2; }
"$program" run Scenarios --no-db --format json >"$stage/usual" 2>/dev/null
SHORTPATH_MUTANT=half-speed "$program" run Scenarios --no-db --format json >"$stage/slow" 2>/dev/null
before=$failures
for key in outcome protocol connected_ms switched_ms rtt_before_ms rtt_ms; do
  # Fingerprints as they were; times twice as long, to 2 us: round trips are estimated in whole nanoseconds.
  if ! paste <(values $key "$stage/usual") <(values $key "$stage/slow") | awk '
    $1 ~ /^[0-9]+\.[0-9]+$/ { n++; if ($2 - 2 * $1 > 0.002 || 2 * $1 - $2 > 0.002) exit bad = 1; next }
    { n++; if ($1 != $2) exit bad = 1 } END { exit bad || n < 100 }'; then
    failures=$((failures + 1))
    echo "not ok: at half speed $key is another"
  fi
done
[ "$failures" != "$before" ] || echo "half-speed: everything happens alike, at twice the time"
[ "$failures" = 0 ]
