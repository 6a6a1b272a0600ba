// Two agents in virtual time: paths with delays, a drop predicate, and address translators as data.
import Protocols
import SimulationKernel
import Trace
import Wire

func iceTime(_ n: Int64) -> SimTime { .zero + .milliseconds(n) }
func iceAddress(_ a: UInt32, _ b: UInt32, _ c: UInt32, _ d: UInt32) -> IPAddress { IPAddress(v4: a << 24 | b << 16 | c << 8 | d) }

/// A translator between a base and the rest: how it maps, what it lets in, and its tables.
struct ICETranslator {
  var external: IPAddress
  /// Whether every remote gets a mapping of its own (RFC 4787: address- and port-dependent), or one serves all.
  var mapsPerRemote = false
  /// Whether only remotes that were sent to may come in (address- and port-dependent filtering), or everybody.
  var filters = true
  var mappings: [(remote: Endpoint?, external: Endpoint)] = []
  var permissions: [(external: Endpoint, remote: Endpoint)] = []

  /// The source that `remote` sees.
  mutating func outward(to remote: Endpoint) -> Endpoint {
    let key = mapsPerRemote ? remote : nil
    let external = mappings.first { $0.remote == key }?.external ?? Endpoint(self.external, UInt16(40_000 + mappings.count))
    if !mappings.contains(where: { $0.remote == key }) { mappings.append((key, external)) }
    if !permissions.contains(where: { $0 == (external, remote) }) { permissions.append((external, remote)) }
    return external
  }
  func admits(_ remote: Endpoint, to external: Endpoint) -> Bool {
    mappings.contains { $0.external == external } && (!filters || permissions.contains { $0 == (external, remote) })
  }
}

/// One side: an agent and its bases.
struct ICESide {
  var agent: ICEAgent
  var bases: [Endpoint]
  var translators: [ICETranslator?]
  let credentials: (fragment: Secret, password: Secret)
  var effects: [(time: SimTime, effect: ICEAgent.Effect)] = []

  init(
    _ name: UInt64, _ role: ICERole, tieBreaker: UInt64, settings: ICEAgent.Settings = .init(),
    _ bases: [(Endpoint, ICETranslator?)]
  ) {
    credentials = (Secret(id: name * 10 + 1), Secret(id: name * 10 + 2))
    agent = ICEAgent(
      role: role, tieBreaker: tieBreaker, fragment: credentials.fragment, password: credentials.password, settings: settings,
      transactionSeed: name)
    self.bases = bases.map(\.0)
    translators = bases.map(\.1)
  }

  /// Host candidates, and what a STUN server would have seen of the translated bases.
  mutating func gather() -> [CandidateDescription] {
    let server = Endpoint(iceAddress(20, 202, 0, 1), 3_478)
    var list: [CandidateDescription] = []
    for (index, base) in bases.enumerated() {
      let preference = UInt16(65_535 - index)
      list.append(
        CandidateDescription(
          type: .host, endpoint: base, base: base, priority: CandidatePriority.candidate(.host, localPreference: preference),
          foundation: mix(126, base.hash)))
      guard let seen = translators[index]?.outward(to: server) else { continue }
      list.append(
        CandidateDescription(
          type: .serverReflexive, endpoint: seen, base: base,
          priority: CandidatePriority.candidate(.serverReflexive, localPreference: preference), foundation: mix(100, base.hash)))
    }
    return list
  }

  func events(_ event: PairEvent) -> [Int] {
    effects.compactMap { if case .pair(let row, event, _, _, _) = $0.effect { row } else { nil } }
  }
  var selected: (time: SimTime, base: Int, remote: Endpoint, roundTrip: SimDuration?)? {
    for case (let time, .selected(let base, let remote, _, let roundTrip)) in effects.reversed() {
      return (time, base, remote, roundTrip)
    }
    return nil
  }
  var failure: (time: SimTime, ICEAgent.Failure)? {
    for case (let time, .failed(let failure)) in effects { return (time, failure) }
    return nil
  }
  var rejections: [ICEAgent.Rejection] {
    effects.compactMap { if case .reject(let rejection) = $0.effect { rejection } else { nil } }
  }
  /// The requests sent: when, over which pair, and which retransmission.
  var requests: [(time: SimTime, pair: Int, retransmission: Int, message: STUNMessage)] {
    effects.compactMap {
      guard case .send(_, _, let message, let pair, let count) = $0.effect, message.kind == .request else { return nil }
      return ($0.time, pair, count, message)
    }
  }
}

/// A datagram on its way.
struct ICEFlight {
  var arrival: SimTime
  var order: Int
  var from: Int
  var fromBase: Int
  var source: Endpoint
  var destination: Endpoint
  var message: STUNMessage
}

/// Two sides and the network between them.
struct ICEDuel {
  var sides: [ICESide]
  /// One-way delay from a base of a side to a base of the other.
  var delay: (_ from: Int, _ fromBase: Int, _ toBase: Int) -> SimDuration = { _, _, _ in .milliseconds(10) }
  /// What the network loses, told when it is sent.
  var drops: (_ flight: ICEFlight, _ time: SimTime) -> Bool = { _, _ in false }
  /// Which sends find no route.
  var hasRoute: (_ from: Int, _ base: Int, _ to: Endpoint) -> Bool = { _, _, _ in true }
  var now: SimTime = .zero
  var flights: [ICEFlight] = []
  var order = 0
  /// Datagrams that a translator kept out.
  var filtered = 0

  init(_ a: ICESide, _ b: ICESide) { sides = [a, b] }

  mutating func give(_ side: Int, _ input: ICEAgent.Input) {
    var effects: [ICEAgent.Effect] = []
    sides[side].agent.handle(input, at: now, into: &effects)
    for effect in effects {
      sides[side].effects.append((now, effect))
      guard case .send(let base, let to, let message, _, _) = effect else { continue }
      guard hasRoute(side, base, to) else {
        if message.kind == .request { give(side, .sendFailed(message.transaction)) }
        continue
      }
      let source = sides[side].translators[base]?.outward(to: to) ?? sides[side].bases[base]
      sides[side].translators[base]?.permissions.append((source, to))
      order += 1
      var flight = ICEFlight(
        arrival: now, order: order, from: side, fromBase: base, source: source, destination: to, message: message)
      guard let target = owner(of: to, for: side), !drops(flight, now) else { continue }
      flight.arrival = now + delay(side, base, target)
      flights.append(flight)
    }
  }

  /// The other side's base that an address leads to; private addresses behind a translator lead nowhere.
  func owner(of endpoint: Endpoint, for side: Int) -> Int? {
    let other = sides[1 - side]
    return other.bases.indices.first { base in
      guard let translator = other.translators[base] else { return other.bases[base] == endpoint }
      return translator.external == endpoint.address
    }
  }

  /// Both sides learn each other's list: at these times, in milliseconds.
  mutating func exchange(at times: [Int64] = [0, 0]) {
    let lists = [sides[0].gather(), sides[1].gather()]
    for (side, time) in times.enumerated().sorted(by: { $0.element < $1.element }) {
      run(until: iceTime(time))
      let peer = sides[1 - side].credentials
      give(
        side,
        .start(
          local: lists[side], bases: sides[side].bases,
          remote: CandidateList(fragment: peer.fragment, password: peer.password, candidates: lists[1 - side])))
    }
  }

  /// Runs to idleness or to `limit`; more than 20,000 steps are a runaway.
  mutating func run(until limit: SimTime = iceTime(300_000)) {
    for _ in 0..<20_000 {
      let flight = flights.min { ($0.arrival, $0.order) < ($1.arrival, $1.order) }
      let timers = sides.map { $0.agent.nextDeadline ?? .never }
      let next = min(flight?.arrival ?? .never, timers[0], timers[1])
      guard next != .never, next <= limit else {
        if limit != iceTime(300_000) { now = max(now, limit) }
        return
      }
      now = max(now, next)
      if let flight, flight.arrival == next {
        flights.removeAll { $0.order == flight.order }
        deliver(flight)
      } else {
        give(timers[0] == next ? 0 : 1, .timer)
      }
    }
    fatalError("runaway: \(sides.map(\.agent.state))")
  }

  private mutating func deliver(_ flight: ICEFlight) {
    let side = 1 - flight.from
    guard let base = owner(of: flight.destination, for: flight.from) else { return }
    if let translator = sides[side].translators[base], !translator.admits(flight.source, to: flight.destination) {
      filtered += 1
      return
    }
    give(side, .received(flight.message, from: flight.source, base: base))
  }
}
