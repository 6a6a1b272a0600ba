// The tunnel's TLS by itself: a client flow judges the host's certificate by the same rule as the base transport does.
import HostStack
import NetworkModel
import Protocols
import ScenarioModel
import Simulation
import SimulationKernel
import Testing
import Trace
@testable import VirtualDesktop
import Wire

@Suite struct TunnelTrustTests {
  /// Both ends of one UDP transport, with nothing before it.
  private final class Ends: ClientFlowOwner, HostFlowOwner, DatagramHandler {
    var established = false
    var failure: Reason?
    var client: ClientFlow?
    var host: HostFlow?
    let certificate: Certificate
    let readsTunnel = true

    init(_ certificate: Certificate) { self.certificate = certificate }

    func flowEstablished(_ flow: ClientFlow) { established = true }
    func flowFailed(_ flow: ClientFlow, _ reason: Reason) { failure = reason }
    func flow(_ flow: ClientFlow, delivered message: RDPMessage) {}
    func judge(_ flow: HostFlow, requestID: UInt32, cookie: Secret) -> FirstFound.Verdict { .accept }
    func flowEstablished(_ flow: HostFlow) {}
    func flowEnded(_ flow: HostFlow) {}
    func flow(_ flow: HostFlow, delivered message: RDPMessage) {}

    func receive(_ message: Message, _ packet: Packet, on socket: UDPSocket) -> Delivery {
      guard case .rdpUDP(let datagram) = message else { return .refused(.unexpected) }
      if let client, socket === client.carrier.socket {
        client.carrier.receive(datagram)
        return .taken
      }
      if host == nil {
        host = HostFlow(
          .managed, on: socket, answering: packet, session: 1, tls: TLSPolicy().server(showing: certificate), owner: self)
      }
      return host?.receive(datagram) ?? .refused(.unexpected)
    }
  }

  private static func tunnel(showing certificate: Certificate, to identity: HostIdentity) -> (established: Bool, failure: Reason?)
  {
    var scenario = Scenario(id: "tunnel", title: "two hosts")
    scenario.networks = [NetworkSpec(id: "metro")]
    scenario.hosts = ["alice", "sh-1"].map { HostSpec(id: $0, role: .idle, network: "metro") }
    let world = World(Blueprint(scenario))
    let (alice, host) = (world.blueprint.nodeOf["alice"]!, world.blueprint.nodeOf["sh-1"]!)
    let ends = Ends(certificate)
    world.stack.keep(ends)
    let door = world.stack.openUDP(at: host, port: 3390, handler: ends)
    let socket = world.stack.openUDP(at: alice, port: 5000, handler: ends)!
    let flow = ClientFlow(
      .managed, route: "internet", on: socket, to: Endpoint(world.address(of: host), 3390),
      in: world.stack.open(.listener, by: alice, session: 1, subject: 1), of: 1, requestID: 1, cookie: Secret(id: 9),
      host: identity, owner: ends)
    ends.client = flow
    flow.start()
    world.run(until: SimTime.zero + .seconds(10))
    #expect(door != nil)
    return (ends.established, ends.failure)
  }

  @Test("the tunnel refuses for the same reasons", arguments: CertificateTests.HostRow.all)
  func refusals(row: CertificateTests.HostRow) {
    let name = ComponentKey("sh-1")
    let issuer = row.kind == .selfSigned ? name : ComponentKey("enterprise-ca")
    let certificate = Certificate(
      subject: row.named ? ComponentKey("template-7") : name, issuer: issuer, expired: row.expired, fingerprint: Secret(id: 4))
    let identity = HostIdentity(
      name: name, pinned: row.kind == .selfSigned ? certificate.fingerprint : .none,
      policy: TLSPolicy(trusting: row.trusted ? [ComponentKey("enterprise-ca")] : []))
    let end = Self.tunnel(showing: certificate, to: identity)
    #expect(end.established == (row.refusal == nil) && end.failure == row.refusal)
  }

  @Test("another key than the pinned one is refused, whoever vouches for it")
  func pinned() {
    let name = ComponentKey("sh-1")
    let stranger = Certificate(subject: name, issuer: ServiceTrust.authority, fingerprint: Secret(id: 5))
    let end = Self.tunnel(showing: stranger, to: HostIdentity(name: name, pinned: Secret(id: 4), policy: TLSPolicy()))
    #expect(!end.established && end.failure == .certificateUntrusted)
  }
}
