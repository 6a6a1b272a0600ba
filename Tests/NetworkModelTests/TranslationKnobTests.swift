// Every preset, every axis: changing just that axis changes what packets meet; the list of axes is complete.
import NetworkModel
import SimulationKernel
import TestWorlds
import Testing
import Trace
import Wire

/// A stored property of a translator's behaviour, and how to change it.
struct Knob: Sendable, CustomTestStringConvertible {
  var property: String
  /// What makes it matter, done to both sides of the comparison.
  var enable: @Sendable (inout TranslationBehaviour) -> Void = { _ in }
  var change: @Sendable (inout TranslationBehaviour) -> Void
  var testDescription: String { property }

  private static func narrow(_ value: inout TranslationBehaviour) {
    (value.portRange, value.portBlock, value.portsPerHost, value.addresses) = (PortRange(2000, 2003), 0, 0, 1)
  }
  private static func halve(_ path: any WritableKeyPath<TranslationBehaviour, SimDuration> & Sendable)
    -> @Sendable (inout TranslationBehaviour) -> Void
  {
    { $0[keyPath: path] = $0[keyPath: path] / 2 }
  }

  static let all: [Knob] = [
    Knob(property: "mapping") {
      $0.mapping = $0.mapping == .addressDependent ? .addressAndPortDependent : .addressDependent
    },
    // Where ports are shared, who is let in is decided by whose port it is.
    Knob(property: "filtering", enable: { $0.overloading = false }) {
      $0.filtering = $0.filtering == .addressDependent ? .endpointIndependent : .addressDependent
    },
    Knob(
      property: "permissionScope",
      enable: { ($0.mapping, $0.filtering, $0.overloading) = (.addressAndPortDependent, .addressDependent, false) },
      change: { $0.permissionScope = $0.permissionScope == .externalPort ? .insideEndpoint : .externalPort }),
    Knob(
      property: "answers",
      enable: { ($0.mapping, $0.filtering, $0.overloading) = (.addressAndPortDependent, .endpointIndependent, false) },
      change: { $0.answers = $0.answers == .mapping ? .session : .mapping }),
    Knob(property: "ports") { $0.ports = $0.ports == .random ? .preserving : .random },
    Knob(property: "collision", enable: { ($0.ports, $0.portBlock) = (.preserving, 0) }) {
      $0.collision = $0.collision == .next ? .random : .next
    },
    Knob(property: "overloading", enable: { ($0.mapping, $0.ports, $0.portBlock) = (.addressAndPortDependent, .preserving, 0) }) {
      $0.overloading.toggle()
    },
    Knob(property: "parity", enable: { $0.ports = .random }) { $0.parity.toggle() },
    Knob(property: "portClasses", enable: { ($0.ports, $0.portBlock, $0.portRange) = (.random, 0, PortRange(1, 65_535)) }) {
      $0.portClasses.toggle()
    },
    Knob(property: "portRange") { $0.portRange = PortRange(2000, 4999) },
    Knob(property: "portBlock", enable: { ($0.ports, $0.pooling) = (.random, .paired) }) { $0.portBlock = 96 },
    Knob(property: "portsPerHost") { $0.portsPerHost = 2 },
    Knob(property: "portHold", enable: narrow) { $0.portHold = $0.portHold == .zero ? .seconds(500) : .zero },
    Knob(property: "addresses", enable: { ($0.pooling, $0.portBlock) = (.arbitrary, 0) }) { $0.addresses += 2 },
    Knob(property: "pooling", enable: { ($0.addresses, $0.portBlock) = (3, 0) }) {
      $0.pooling = $0.pooling == .paired ? .arbitrary : .paired
    },
    Knob(property: "udpLifetime", change: halve(\.udpLifetime)),
    Knob(property: "udpUnansweredLifetime") { $0.udpUnansweredLifetime = $0.udpUnansweredLifetime == nil ? .seconds(10) : nil },
    Knob(property: "udpStreamAge", enable: { $0.udpUnansweredLifetime = .seconds(10) }) {
      $0.udpStreamAge = $0.udpStreamAge == .zero ? .seconds(60) : $0.udpStreamAge + .seconds(60)
    },
    Knob(property: "tcpLifetime", change: halve(\.tcpLifetime)),
    Knob(property: "tcpOpeningLifetime", change: halve(\.tcpOpeningLifetime)),
    Knob(property: "tcpClosingLifetime", change: halve(\.tcpClosingLifetime)),
    Knob(property: "icmpLifetime", change: halve(\.icmpLifetime)),
    Knob(property: "inboundRefresh") { $0.inboundRefresh.toggle() },
    Knob(property: "hairpinning") { $0.hairpinning = $0.hairpinning == .off ? .externalSource : .internalSource },
    Knob(property: "unsolicited") { $0.unsolicited = $0.unsolicited == .drop ? .reject : .drop },
    Knob(property: "synSilence", enable: { $0.unsolicited = .reject }) { $0.synSilence = .seconds(6) },
    Knob(property: "exhausted", enable: narrow) { $0.exhausted = $0.exhausted == .drop ? .reject : .drop },
    Knob(property: "oneToOne") { $0.oneToOne.toggle() },
  ]
}

/// What packets meet at a translator, told as lines. Times follow from `clock`, so that a changed lifetime does not move the questions.
private struct Interview {
  let behaviour: TranslationBehaviour
  let clock: TranslationBehaviour
  private(set) var lines: [String] = []

  init(_ behaviour: TranslationBehaviour, clock: TranslationBehaviour) {
    (self.behaviour, self.clock) = (behaviour, clock)
    mapping()
    filtering()
    manyPorts()
    lifetimes()
    loops()
    strangers()
  }

  private func home() -> Home {
    let outside = (0..<max(behaviour.addresses, 1)).map { "203.0.113.\(5 + $0)" }
    return Home(
      behaviour, outside: outside,
      pairs: behaviour.oneToOne ? [("192.168.1.10", outside[0]), ("192.168.1.11", "203.0.113.99")] : [])
  }

  /// A gateway may take a packet for its own: that is no way in.
  private func reachesAlice(_ home: Home, _ node: NodeID, _ from: Endpoint, _ to: Endpoint, _ proto: TransportProtocol = .udp)
    -> Bool
  {
    home.world.sent(node, from, to, proto: proto).contains { $0.node == home.alice }
  }

  private mutating func tell(_ what: String, _ home: Home, _ facts: Any...) {
    let drops = home.world.network.drops.map { "\($0)" }.joined(separator: ",")
    lines.append("\(what): \(facts.map { "\($0)" }.joined(separator: " ")) | \(drops)")
  }

  private mutating func mapping() {
    let home = home()
    tell("mapping", home, remotes.map { home.out(home.alice, home.a, $0.endpoint) as Any })
    tell("the neighbour's same port", home, remotes.map { home.out(home.bob, home.b, $0.endpoint) as Any })
  }

  private mutating func filtering() {
    for (row, stranger) in remotes.enumerated().dropFirst() {
      let home = home()
      guard let mapped = home.out(home.alice, home.a, home.s) else { continue }
      let node = row == 1 ? home.server : home.other
      tell("a stranger", home, reachesAlice(home, node, stranger.endpoint, mapped))
      tell("an answer to him", home, home.out(home.alice, home.a, stranger.endpoint) as Any)
      tell("he again", home, reachesAlice(home, node, stranger.endpoint, mapped))
    }
  }

  private mutating func manyPorts() {
    let home = home()
    let ports = [1, 2, 79, 80, 500, 1022, 5000, 5001, 6000, 6001] as [UInt16]
    tell("many", home, ports.map { home.out(home.alice, at("192.168.1.10", $0), home.s) as Any })
    tell("too many", home, home.world.arrivals.compactMap(\.error?.kind))
    home.wait(until: clock.udpLifetime.nanoseconds / 1_000_000_000 + 30)
    tell("later, the neighbour", home, ports.map { home.out(home.bob, at("192.168.1.11", $0), home.s) as Any })
  }

  /// Whether a flow that `begin` makes still lets the server in after three quarters of a lifetime, and after one and a half.
  private mutating func lives(
    _ what: String, _ lifetime: SimDuration, _ proto: TransportProtocol = .udp, _ begin: (Home) -> Endpoint?
  ) {
    for eighths in [3, 6, 12] as [Int64] {
      let home = home()
      guard let mapped = begin(home) else { continue }
      let remote = proto == .icmp ? Endpoint(home.s.address, 0) : home.s
      home.world.network.advance(to: home.world.network.now + lifetime / 8 * eighths)
      let isIn =
        proto == .tcp
        ? home.segment(home.server, remote, mapped, .ack).contains { $0.node == home.alice }
        : reachesAlice(home, home.server, remote, mapped, proto)
      tell("\(what) after \(eighths) eighths", home, isIn)
    }
  }

  private mutating func lifetimes() {
    let unanswered = clock.udpUnansweredLifetime ?? clock.udpLifetime
    lives("udp unanswered", unanswered) { $0.out($0.alice, $0.a, $0.s) }
    lives("udp answered", clock.udpLifetime) { home in
      let mapped = home.out(home.alice, home.a, home.s)
      if let mapped { _ = home.reaches(home.server, home.s, mapped) }
      home.world.network.run(3)
      home.world.network.advance(to: home.world.network.now + .seconds(3))
      return home.out(home.alice, home.a, home.s) ?? mapped
    }
    lives("udp kept by what comes in", clock.udpLifetime) { home in
      guard let mapped = home.out(home.alice, home.a, home.s) else { return nil }
      home.world.network.advance(to: home.world.network.now + unanswered / 8 * 6)
      _ = home.reaches(home.server, home.s, mapped)
      return mapped
    }
    for (what, lifetime, steps) in [
      ("opening", clock.tcpOpeningLifetime, 1), ("open", clock.tcpLifetime, 3), ("closed", clock.tcpClosingLifetime, 4),
    ] {
      lives("tcp \(what)", lifetime, .tcp) { home in
        home.segment(home.alice, home.a, home.s, .syn)
        guard let mapped = home.world.arrivals.last(where: { $0.node == home.server })?.packet.source else { return nil }
        if steps > 1 { home.segment(home.server, home.s, mapped, [.syn, .ack]) }
        if steps > 2 { home.segment(home.alice, home.a, home.s, .ack) }
        if steps > 3 { home.segment(home.alice, home.a, home.s, .rst) }
        return mapped
      }
    }
    lives("icmp", clock.icmpLifetime, .icmp) { $0.out($0.alice, at("192.168.1.10", 77), Endpoint($0.s.address, 0), proto: .icmp) }
  }

  private mutating func loops() {
    let home = home()
    guard let bobs = home.out(home.bob, home.b, home.s) else { return }
    _ = home.out(home.bob, home.b, Endpoint(bobs.address, 7000))
    let got = home.world.sent(home.alice, at("192.168.1.10", 7000), bobs).filter { $0.node == home.bob }
    tell("a loop", home, got.map(\.packet.source))
  }

  private mutating func strangers() {
    let home = home()
    home.world.closedPorts = [5000]
    let mapped = at(Home.outside, 5000)
    tell("nobody asked", home, home.world.sent(home.server, home.s, mapped).map { "\($0.node.index) \($0.error as Any)" })
    tell(
      "a SYN", home, home.segment(home.server, home.s, mapped, .syn).map { "\($0.node.index) \($0.packet.tcp.flags.rawValue)" })
    home.world.network.run(10)
    tell("long after", home, home.world.arrivals.map { "\($0.time) \($0.error?.kind as Any)" })
  }
}

@Suite struct TranslationKnobTests {
  @Test func `the list of axes holds every stored property of a behaviour, and each changes that one alone`() {
    let fields = Mirror(reflecting: TranslationBehaviour.symmetric).children.compactMap(\.label)
    #expect(Knob.all.map(\.property).sorted() == fields.sorted())
    for knob in Knob.all {
      for preset in TranslationBehaviour.presets {
        let base = preset.value.with(knob.enable)
        let changed = Mirror(reflecting: base.with(knob.change)).children
        let moved = zip(Mirror(reflecting: base).children, changed).filter { "\($0.value)" != "\($1.value)" }.compactMap(
          \.0.label)
        #expect(moved == [knob.property], "\(preset.name)")
      }
    }
  }

  /// One to one has no other axis than to be or not to be so.
  @Test(arguments: Knob.all)
  func `an axis changed in a preset changes what packets meet there`(knob: Knob) {
    var seen: Set<String> = []
    for preset in TranslationBehaviour.presets where !preset.value.oneToOne || knob.property == "oneToOne" {
      let base = preset.value.with(knob.enable)
      let (before, after) = (Interview(base, clock: base).lines, Interview(base.with(knob.change), clock: base).lines)
      #expect(before != after, "\(preset.name)")
      #expect(before == Interview(base, clock: base).lines)
      seen.formUnion(zip(before, after).filter { $0 != $1 }.map { String($0.0.prefix { $0 != ":" }) })
    }
    #expect(!seen.isEmpty)
  }
}
