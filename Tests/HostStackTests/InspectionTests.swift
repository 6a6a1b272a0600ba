// A firewall that looks inside TLS: connections cut in two at a router, in both peers' names, and passed on only when both believe it.
import HostStack
import NetworkModel
import Protocols
import SimulationKernel
import TestWorlds
import Testing
import Trace
import Wire

private let service = ComponentKey("service")
private let publicCA = ComponentKey("public")
private let firewallCA = ComponentKey("firewall")
private let real = Certificate(subject: service, issuer: publicCA, fingerprint: Secret(id: 1))

/// alice – router (rule `inspect`, perhaps a translator) – core – server.
private final class InspectedWorld {
  let world: SocketWorld
  let alice: NodeID
  let rule: Int
  var client = Talker()
  var server = Talker()
  private(set) var seen: [Endpoint] = []
  private(set) var channel: SecureChannel?
  private var doors: [any StreamListener] = []
  static let address = "198.51.100.1"

  init(
    translates: Bool = true, _ line: LinkSettings = LinkSettings(delay: .milliseconds(5)), seed: UInt64 = 1,
    shows certificate: Certificate = real,
    proxy: Certificate = Certificate(subject: service, issuer: firewallCA, fingerprint: Secret(id: 2)),
    forAnyName: Bool = true, tls: Bool = true, listens: Bool = true, action: RuleAction = .divert,
    delay: SimDuration = .zero
  ) {
    var draft = Draft()
    alice = draft.host("alice")
    let (router, core, far) = (draft.router("router"), draft.router("core"), draft.host("server"))
    draft.attach(alice, "192.168.1.9", to: router, gateway: "192.168.1.1")
    let (up, down) = draft.link(router, "203.0.113.1", .outside, core, "203.0.113.254", .lan, line)
    draft.route(router, "0.0.0.0/0", by: up, metric: 100)
    draft.route(core, translates ? "203.0.113.1/32" : "192.168.1.0/24", by: down)
    draft.attach(far, Self.address, to: core)
    if translates {
      draft.translate(
        router,
        TranslationBehaviour(mapping: .addressAndPortDependent, filtering: .addressAndPortDependent, ports: .random),
        outside: ["203.0.113.1"])
    }
    rule = draft.filter(
      router, .forward,
      [
        ("inspect", Rule(action: action, direction: .outbound, proto: .tcp, destinationPorts: PortRange(443, 443))),
        ("out", Rule(action: .accept, direction: .outbound)),
      ], policy: .drop, tracking: .on, delay: delay)
    world = SocketWorld(draft, seed: seed)
    let stack = world.stack
    _ = TransparentProxy(
      at: router, settings: TransparentProxy.Settings(certificate: proxy, forAnyName: forAnyName, trusted: [publicCA]),
      stack: stack)
    let door = Door { [unowned self] socket in
      seen.append(socket.remote)
      let listener = server
      guard tls else { return listener }
      let channel = SecureChannel(
        over: socket, handshake: TLSHandshake(.server(certificate: certificate)), upper: listener, started: false)
      return channel
    }
    doors.append(door)
    if listens { stack.listen(at: far, port: 443, door) }
  }

  /// alice opens a connection and says what `client` has to say.
  func open(trusting: [ComponentKey]? = [publicCA, firewallCA], subject: UInt64 = 1) {
    let stack = world.stack
    let remote = at(Self.address, 443)
    guard let trusting else {
      _ = TCPSocket(connecting: alice, to: remote, in: world.conversation(alice, subject), stack: stack, upper: client)
      return
    }
    let socket = TCPSocket(connecting: alice, to: remote, in: world.conversation(alice, subject), stack: stack, upper: client)
    let handshake = TLSHandshake(.client(serverName: service, trust: .issuers(trusting), key: Secret(id: 7 + subject)))
    channel = SecureChannel(over: socket, handshake: handshake, upper: client, started: false)
  }

  var inspections: [String] {
    world.network.recorder.story.filter { $0.kind == .inspected }.map {
      "\(world.network.recorder.rules[Int($0.rule)].id) at \(world.network.recorder.name(of: $0.node))"
    }
  }
}

@Suite struct InspectionTests {
  @Test(arguments: [true, false], [UInt64(1), 2, 3])
  func `what both sides say passes whole when both believe the certificates, over loss and translation`(
    translates: Bool, seed: UInt64
  ) {
    let line = LinkSettings(delay: .milliseconds(5), rate: .megabits(20), loss: Probability(partsPerBillion: 10_000_000))
    let world = InspectedWorld(translates: translates, line, seed: seed)
    (world.client, world.server) = (Talker(says: 80), Talker(says: 120))
    world.open()
    world.world.run(120)
    #expect(world.server.heard == Talker.lengths(80) && world.client.heard == Talker.lengths(120))
    #expect(world.inspections == ["inspect at router"])
    // The client was shown the firewall's certificate for the name it asked for; the server saw the client's own address (or its
    // translation), and one connection.
    #expect(world.channel?.handshake.peerCertificate?.issuer == firewallCA)
    #expect(world.channel?.handshake.peerCertificate?.subject == service)
    #expect(world.seen.map(\.address) == [ip(translates ? "203.0.113.1" : "192.168.1.9")])
    world.channel?.close()
    world.world.run(120)
    #expect(world.client.ended == .some(nil) && world.server.ended == .some(nil))
    #expect(world.world.network.brokenLaws() == [] && world.world.network.streams.unreadPieces == 0)
  }

  @Test func `a client that does not trust the firewall's authority refuses, and no packet was dropped for it`() {
    let world = InspectedWorld()
    (world.client, world.server) = (Talker(says: 3), Talker(says: 3))
    world.open(trusting: [publicCA])
    world.world.run(30)
    #expect(world.client.ended == .some(.security(.certificateUntrusted)))
    #expect(world.server.heard.isEmpty && world.client.heard.isEmpty)
    #expect(world.inspections == ["inspect at router"])
    #expect(world.world.network.drops.isEmpty)
    #expect(world.world.network.brokenLaws() == [])
  }

  @Test func `a proxy that shows its own name or an expired certificate is refused for that`() {
    let portal = Certificate(subject: ComponentKey("portal"), issuer: firewallCA, fingerprint: Secret(id: 2))
    let named = InspectedWorld(proxy: portal, forAnyName: false)
    named.open()
    named.world.run(30)
    #expect(named.client.ended == .some(.security(.certificateWrongName)))
    let stale = Certificate(subject: service, issuer: firewallCA, expired: true, fingerprint: Secret(id: 2))
    let expired = InspectedWorld(proxy: stale)
    expired.open()
    expired.world.run(30)
    #expect(expired.client.ended == .some(.security(.certificateExpired)))
  }

  @Test func `the proxy judges the server in the client's place`() {
    let world = InspectedWorld(shows: Certificate(subject: service, issuer: ComponentKey("stranger"), fingerprint: Secret(id: 1)))
    (world.client, world.server) = (Talker(says: 3), Talker(says: 3))
    world.open()
    world.world.run(30)
    #expect(world.server.heard.isEmpty && world.client.heard.isEmpty)
    #expect(world.client.ended == .some(.refused) && world.server.ended == .some(.security(.alert(.unknownCA))))
  }

  @Test func `what is not TLS passes unread`() {
    let world = InspectedWorld(tls: false)
    (world.client, world.server) = (Talker(says: 40), Talker(says: 60))
    world.open(trusting: nil)
    world.world.run(60)
    #expect(world.server.heard == Talker.lengths(40) && world.client.heard == Talker.lengths(60))
    #expect(world.inspections == ["inspect at router"])
  }

  @Test func `a lifted rule leaves what it has cut in two, and new connections go through whole`() {
    let world = InspectedWorld()
    world.client = Talker(says: 2)
    world.open()
    world.world.run(2)
    world.world.network.rules[world.rule].enabled = false
    let first = world.channel
    first?.write(.opaque(OpaqueBytes(length: 77)))
    world.world.run(2)
    #expect(world.server.heard == Talker.lengths(2) + [77])
    world.client = Talker(says: 2)
    world.server = Talker()
    world.open(trusting: [publicCA], subject: 2)
    world.world.run(5)
    #expect(world.server.heard == Talker.lengths(2))
    #expect(world.channel?.handshake.peerCertificate == real && world.inspections.count == 1)
  }

  @Test func `a proxy that only relays ends TCP and not TLS: the server's own certificate, and no record`() throws {
    for translates in [true, false] {
      let world = InspectedWorld(translates: translates, action: .relay)
      (world.client, world.server) = (Talker(says: 40), Talker(says: 60))
      world.open(trusting: [publicCA])
      world.world.run(60)
      #expect(world.server.heard == Talker.lengths(40) && world.client.heard == Talker.lengths(60))
      #expect(world.channel?.handshake.peerCertificate == real && world.inspections.isEmpty)
      // The client's connect ends at the router, 1 ms away; the server stands 6 ms behind it.
      #expect((try #require(world.channel?.lower as? TCPSocket)).connectTime == .milliseconds(2))
      world.channel?.close()
      world.world.run(60)
      #expect(world.client.ended == .some(nil) && world.server.ended == .some(nil))
      #expect(world.world.network.brokenLaws() == [] && world.world.network.streams.unreadPieces == 0)
    }
  }

  @Test func `a server that refuses is to a client of a relaying proxy one that was there and left`() {
    let world = InspectedWorld(listens: false, action: .relay)
    world.open(trusting: nil)
    world.world.run(60)
    #expect(world.client.isUp && world.client.ended == .some(.refused))
  }

  @Test func `a rule that begins to inspect leaves remembered connections alone`() {
    let world = InspectedWorld()
    world.world.network.rules[world.rule].enabled = false
    world.client = Talker(says: 2)
    world.open(trusting: [publicCA])
    world.world.run(2)
    world.world.network.rules[world.rule].enabled = true
    world.channel?.write(.opaque(OpaqueBytes(length: 77)))
    world.world.run(2)
    #expect(world.server.heard == Talker.lengths(2) + [77] && world.inspections.isEmpty)
  }

  @Test func `an ICMP error about the far half reaches the proxy, not the client`() {
    // Segments fit alice's line and not the one behind the router, which says so to the sender: the proxy.
    var narrow = LinkSettings(delay: .milliseconds(5))
    narrow.mtu = 900
    let world = InspectedWorld(narrow)
    (world.client, world.server) = (Talker(says: 40), Talker(says: 40))
    world.open()
    world.world.run(120)
    #expect(world.server.heard == Talker.lengths(40) && world.client.heard == Talker.lengths(40))
  }

  @Test func `a server that is not there refuses the client, through the proxy`() {
    let world = InspectedWorld(listens: false)
    world.open()
    world.world.run(30)
    #expect(world.client.ended == .some(.refused))
    #expect(world.world.network.brokenLaws() == [])
  }

  @Test func `a client that leaves before the server has answered the proxy leaves the server too`() {
    let world = InspectedWorld(LinkSettings(delay: .seconds(2)))
    world.open()
    world.world.run(1)
    #expect(world.channel?.handshake.peerCertificate != nil, "the near half is up")
    world.channel?.close()
    world.world.run(60)
    #expect(world.seen.count == 1)
    #expect(world.client.ended != nil && world.server.ended != nil)
  }

  @Test func `what a proxy says takes its firewall as long as what it only judges`() {
    /// When the client's connection was up, in ms: alice's LAN takes 1 ms each way, and the answer waits once in the firewall.
    func connected(_ delay: Int64) -> SimDuration? {
      let world = InspectedWorld(tls: false, delay: .milliseconds(delay))
      (world.client, world.server) = (Talker(says: 1), Talker(says: 1))
      world.open(trusting: nil)
      world.world.run(30)
      #expect(world.server.heard == Talker.lengths(1) && world.client.heard == Talker.lengths(1))
      #expect(world.world.network.brokenLaws() == [])
      return (world.client.carrier as? TCPSocket)?.connectTime
    }
    #expect(connected(0) == .milliseconds(2))
    #expect(connected(7) == .milliseconds(9))
  }
}
