// Hole punching through all pairs of RFC 4787's nine kinds: what gets through follows from the rules of nat-and-ice.md §4.1.
import HostStack
import NetworkModel
import Protocols
import SimulationKernel
import TestWorlds
import Testing
import Trace
import Wire

/// One end that learns its external endpoint from a STUN server and then sends to its peer's every 100 ms.
final class Puncher: DatagramHandler {
  private let stack: HostStack
  private let conversation: ConversationID
  private(set) var socket: UDPSocket?
  private var alarm: Alarm?
  private(set) var mapped: Endpoint?
  private var target: Endpoint?
  private var rounds = 0
  /// Whether it takes datagrams from endpoints that were not signalled, and answers to them.
  private let learns: Bool
  /// Where its peer's datagrams came from, and where those came from that answer its own.
  private(set) var heard: Set<Endpoint> = []
  private(set) var answered: Set<Endpoint> = []

  static let probe = OpaqueBytes(length: 100)
  static let answer = OpaqueBytes(length: 101)

  init(_ node: NodeID, stack: HostStack, learns: Bool) {
    self.stack = stack
    self.learns = learns
    conversation = stack.open(.probe, by: node, subject: 4)
    socket = stack.openUDP(at: node, subject: 4, handler: self)
    alarm = Alarm(stack, at: node) { [unowned self] in tick() }
  }

  func ask(_ server: Endpoint) {
    let request = STUNMessage(kind: .request, transaction: TransactionID(high: 1, low: 2))
    socket?.send(.stun(request), to: server, in: conversation)
  }

  func punch(_ target: Endpoint) {
    self.target = target
    tick()
  }

  private func tick() {
    guard let target, rounds < 20 else { return }
    rounds += 1
    socket?.send(.opaque(Self.probe), to: target, in: conversation)
    alarm?.set(stack.now + .milliseconds(100))
  }

  func receive(_ message: Message, _ packet: Packet, on socket: UDPSocket) -> Delivery {
    if case .stun(let answer) = message {
      mapped = answer.mapped
      return .taken
    }
    guard learns || packet.source == target else { return .refused(.wrongSource) }
    if message == .opaque(Self.probe) {
      heard.insert(packet.source)
      socket.send(.opaque(Self.answer), to: packet.source, in: conversation)
    } else {
      answered.insert(packet.source)
    }
    return .taken
  }
}

/// A kind of translator.
struct Kind: Hashable, Sendable, CustomStringConvertible {
  var mapping: MappingBehaviour
  var filtering: FilteringBehaviour
  var description: String { "\(mapping.letters)/\(filtering.letters)" }
  var isStable: Bool { mapping == .endpointIndependent }
  static let all = MappingBehaviour.allCases.flatMap { mapping in
    FilteringBehaviour.allCases.map { Kind(mapping: mapping, filtering: $0) }
  }

  /// Rules 1 to 3 of nat-and-ice.md §4.1.
  static func isDirect(_ a: Kind, _ b: Kind) -> Bool {
    if a.isStable, b.isStable { return true }
    if a.isStable { return a.filtering != .addressAndPortDependent }
    if b.isStable { return b.filtering != .addressAndPortDependent }
    return a.filtering == .endpointIndependent && b.filtering != .addressAndPortDependent
      || b.filtering == .endpointIndependent && a.filtering != .addressAndPortDependent
  }
}

@Suite struct PunchingTests {
  /// Lets both punch; returns whether each got an answer, and whether each heard the other.
  func duel(_ a: Kind, _ b: Kind, learns: Bool, seed: UInt64 = 1) -> (direct: Bool, laws: [String]) {
    var draft = Draft()
    let hosts = [draft.host("left"), draft.host("right")]
    let server = draft.host("stun")
    let core = draft.router("core")
    draft.attach(server, "198.51.100.1", to: core)
    for (row, kind) in [a, b].enumerated() {
      let home = draft.router("home-\(row)")
      draft.attach(hosts[row], "192.168.1.10", to: home, gateway: "192.168.1.1")
      draft.attach(home, "203.0.113.\(row + 1)", to: core)
      draft.translate(
        home, TranslationBehaviour(mapping: kind.mapping, filtering: kind.filtering), outside: ["203.0.113.\(row + 1)"])
    }
    let world = SocketWorld(draft, seed: seed)
    _ = STUNServer(at: server, stack: world.stack)
    let ends = hosts.map { Puncher($0, stack: world.stack, learns: learns) }
    for end in ends { end.ask(at("198.51.100.1", 3478)) }
    world.run(1)
    if let one = ends[0].mapped, let two = ends[1].mapped {
      ends[0].punch(two)
      ends[1].punch(one)
    }
    world.run(4)
    // Through means: a datagram and its answer between the same two endpoints, as a valid pair needs.
    let direct = ends.contains { !$0.answered.isEmpty }
    return (direct, world.network.brokenLaws() + (world.network.inFlight == 0 ? [] : ["in flight"]))
  }

  @Test func `who learns the true source gets through in just the cells of rules 1 to 3: 45 of 81`() {
    var through = 0
    for a in Kind.all {
      for b in Kind.all {
        let result = duel(a, b, learns: true)
        #expect(result.direct == Kind.isDirect(a, b), "\(a) with \(b)")
        #expect(result.laws == [])
        if result.direct { through += 1 }
      }
    }
    #expect(through == 45)
  }

  @Test func `who knows only the signalled endpoint gets through where both mappings are stable: 9 of 81`() {
    var through = 0
    for a in Kind.all {
      for b in Kind.all {
        let result = duel(a, b, learns: false)
        #expect(result.direct == (a.isStable && b.isStable), "\(a) with \(b)")
        if result.direct { through += 1 }
      }
    }
    #expect(through == 9)
  }

  @Test func `the outcome does not hang on the seed`() {
    for seed in 2...4 as ClosedRange<UInt64> {
      for (row, a) in Kind.all.enumerated() {
        let b = Kind.all[(row * 4 + Int(seed)) % 9]
        #expect(duel(a, b, learns: true, seed: seed).direct == Kind.isDirect(a, b), "\(a) with \(b)")
      }
    }
  }
}
