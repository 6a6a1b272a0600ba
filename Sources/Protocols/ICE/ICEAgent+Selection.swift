// How a check ends, when the choice closes, and which pair is nominated (RFC 8445 §7.2.5, §8.1; the criterion is our own).
import SimulationKernel
import Trace
import Wire

extension ICEAgent {
  /// RFC 8445 §7.2.5.3. The valid pair is kept on the pair whose check produced it: nominating it repeats that check anyway.
  mutating func succeeded(_ check: Check, mapped: Endpoint, at now: SimTime, into effects: inout [Effect]) {
    let index = check.pair - 1
    guard let local = localCandidate(mapped, from: check) else { return failed(check, into: &effects) }
    let measured = check.transaction.roundTrip(at: now)
    let improves = measured.map { fresh in pairs[index].roundTrip.map { fresh < $0 } ?? true } ?? false
    let isFirstMeasurement = pairs[index].roundTrip == nil && improves
    if improves { pairs[index].roundTrip = measured }
    pairs[index].validLocal = local
    switch check.purpose {
    case .nomination: select(index, into: &effects)
    case .measurement: if isFirstMeasurement { tell(.valid, index, into: &effects) }
    case .ordinary: becameValid(index, at: now, into: &effects)
    }
  }

  /// RFC 8445 §7.2.5.3.1: a mapped address that is no local candidate is a peer-reflexive one, with the priority we sent.
  private mutating func localCandidate(_ mapped: Endpoint, from check: Check) -> CandidateDescription? {
    if let known = localCandidates.first(where: { $0.endpoint == mapped }) { return known }
    guard settings.peerReflexiveLearning else { return nil }
    let base = pairs[check.pair - 1].local
    let learned = CandidateDescription(
      type: .peerReflexive, endpoint: mapped, base: base.endpoint, priority: check.request.priority ?? base.priority,
      foundation: mix(UInt64(CandidateType.peerReflexive.rawValue), base.foundation, pairs[check.pair - 1].remote.foundation))
    localCandidates.append(learned)
    return learned
  }

  /// RFC 8445 §7.2.5.3.3: "The agent MUST set the states for all other Frozen candidate pairs in all checklists with the same
  /// foundation to Waiting."
  private mutating func becameValid(_ index: Int, at now: SimTime, into effects: inout [Effect]) {
    let row = pairs[index].row
    pairs[index].state = .succeeded
    checks.removeAll { $0.pair == row }
    triggered.removeAll { $0 == row }
    for other in pairs.indices where pairs[other].state == .frozen && pairs[other].foundation == pairs[index].foundation {
      pairs[other].state = .waiting
    }
    tell(.valid, index, into: &effects)
    if windowEnds == nil { windowEnds = now + settings.selectionWindow }
    if role == .controlled, pairs[index].nominationRequested { return select(index, into: &effects) }
    if role == .controlling, pairs[index].roundTrip == nil, !pairs[index].measurementSpent {
      pairs[index].measurementSpent = true
      triggered.append(row)
    }
  }

  /// RFC 8445 §7.2.5.2. The end of a cancelled transaction says nothing about its pair, a lost measurement leaves it valid.
  mutating func failed(_ check: Check, into effects: inout [Effect]) {
    let index = check.pair - 1
    if case .cancelled = check.transaction.state { return }
    switch check.purpose {
    case .measurement: break
    case .ordinary:
      guard pairs[index].state == .inProgress else { return }
      pairs[index].state = .failed
      tell(.failed, index, into: &effects)
    case .nomination:
      // RFC 8445 §7.2.5.3.4 would fail the checklist; here the next best pair is nominated.
      guard state == .nominating(pair: check.pair) else { return }
      pairs[index].state = .failed
      tell(.failed, index, into: &effects)
      nominateBest(into: &effects)
    }
  }

  var hasValid: Bool { pairs.contains { $0.state == .succeeded } }

  /// Closes the choice, or gives up, when it is time (RFC 8445 §8.1.1: "some stopping criterion").
  mutating func conclude(at now: SimTime, into effects: inout [Effect]) {
    guard state == .checking else { return }
    let allEnded = triggered.isEmpty && pairs.allSatisfy(\.state.hasEnded) && !checks.contains { $0.purpose == .measurement }
    switch role {
    case .controlling:
      let windowClosed = windowEnds.map { now >= $0 } ?? false
      if hasValid, allEnded || windowClosed {
        endOpenPairs(as: .unfinished, telling: .unfinished, into: &effects)
        nominateBest(into: &effects)
      } else if allEnded {
        fail(.allPairsFailed, into: &effects)
      }
    case .controlled:
      guard allEnded else { return patienceEnds = nil }
      let limit = patienceEnds ?? now + (hasValid ? settings.nominationPatience : settings.patience)
      patienceEnds = limit
      if now >= limit { fail(hasValid ? .notNominated : .allPairsFailed, into: &effects) }
    }
  }

  /// The lowest measured round trip wins; unmeasured pairs rank last; among equals the higher priority.
  private mutating func nominateBest(into effects: inout [Effect]) {
    var best: Int?
    for index in pairs.indices where pairs[index].state == .succeeded {
      if best.map({ ranks(pairs[index], before: pairs[$0]) }) ?? true { best = index }
    }
    guard let best else { return fail(.allPairsFailed, into: &effects) }
    state = .nominating(pair: pairs[best].row)
    triggered = [pairs[best].row]
  }

  private func ranks(_ a: CandidatePair, before b: CandidatePair) -> Bool {
    switch (a.roundTrip, b.roundTrip) {
    case (let x?, let y?) where x != y: x < y
    case (_?, nil): true
    case (nil, _?): false
    case (_, _): a.priority > b.priority
    }
  }

  /// RFC 8445 §8.1.2: the nominated pair becomes the selected one, and all other checks end.
  mutating func select(_ index: Int, into effects: inout [Effect]) {
    let pair = pairs[index]
    pairs[index].isNominated = true
    state = .selected(pair: pair.row)
    tell(.nominated, index, into: &effects)
    endOpenPairs(as: .unfinished, telling: .unfinished, into: &effects)
    effects.append(.selected(base: pair.base, remote: pair.remote.endpoint, pair: pair.row, roundTrip: pair.roundTrip))
  }

  mutating func fail(_ failure: Failure, into effects: inout [Effect]) {
    state = .failed(failure)
    checks = []
    triggered = []
    effects.append(.failed(failure))
  }
}
