// Certificates and TLS versions in whole worlds: who refuses what, what becomes of the session, and where the cause is told.
import NetworkModel
import ScenarioModel
import Simulation
import SimulationKernel
import Testing
import Trace
import Wire

extension Scenario {
  fileprivate subscript(host id: String) -> HostSpec {
    get { hosts.first { $0.id == id }! }
    set { hosts[hosts.firstIndex { $0.id == id }!] = newValue }
  }
}

@Suite struct CertificateTests {
  /// The scenario the files under `failures` vary, without any failure.
  static func sound() throws -> Scenario {
    var scenario = try Files.scenario("failures/gateway-certificate-expired")
    scenario.service.certificates = []
    scenario.expectations = []
    return scenario
  }

  enum Defect: CaseIterable {
    case name, time, issuer
    var reason: Reason {
      switch self {
      case .name: .certificateWrongName
      case .time: .certificateExpired
      case .issuer: .certificateUntrusted
      }
    }
    func spoil(_ certificate: inout CertificateSpec) {
      switch self {
      case .name: certificate.name = "other.example"
      case .time: certificate.expired = true
      case .issuer: certificate.issuer = "stranger-ca"
      }
    }
  }

  @Test("without a defect the session comes up")
  func withoutDefect() throws { #expect(try Self.sound().run().sessions[0].transport == .public) }

  @Test(
    "a service's bad certificate is refused by its own clients, and ends the session at the step that needs it",
    arguments: [("feed", 1), ("directory", 2), ("gateway-service", 7), ("broker", 9)], Defect.allCases)
  func services(service: (id: String, step: Int), defect: Defect) throws {
    var scenario = try Self.sound()
    var spec = ServiceCertificateSpec(id: service.id)
    defect.spoil(&spec.certificate)
    scenario.service.certificates = [spec]
    #expect(scenario.problems().isEmpty)
    let session = try scenario.run().sessions[0]
    #expect(session.transport == nil)
    #expect(session.reason == (service.id == "broker" ? .brokerUnavailable : defect.reason))
    #expect(session.cause?.reason == defect.reason)
    #expect(session.cause?.node == (service.id == "broker" ? "gateway-service" : "alice"))
    if service.step == 1 { #expect(session.milestones.allSatisfy { $0.milestone.step == nil }) }
    if service.step > 1 { #expect(session.milestones.compactMap(\.milestone.step).max() == service.step - 1) }
  }

  @Test("each side judges by its own authorities", arguments: [false, true], [false, true])
  func authorities(client: Bool, host: Bool) throws {
    var scenario = try Self.sound()
    var spec = ServiceCertificateSpec(id: "gateway-service")
    spec.certificate.issuer = "contoso-ca"
    scenario.service.certificates = [spec]
    if client { scenario[host: "alice"].trusts = ["contoso-ca"] }
    if host { scenario[host: "sh-1"].trusts = ["contoso-ca"] }
    let session = try scenario.run().sessions[0]
    #expect(session.reason == (!client ? .certificateUntrusted : !host ? .hostUnreachable : .onlyDirectPath))
    #expect(session.cause?.reason == (client && host ? nil : .certificateUntrusted))
    #expect(session.cause?.node == (client && host ? nil : client ? "sh-1" : "alice"))
  }

  // MARK: The session host's own

  struct HostRow: Sendable, CustomTestStringConvertible {
    var kind: HostCertificateSpec.Kind
    var trusted: Bool
    var expired: Bool
    var named: Bool
    var testDescription: String { "\(kind.rawValue), trusted \(trusted), expired \(expired), another name \(named)" }
    var refusal: Reason? {
      if kind == .selfSigned { return nil }
      return !trusted ? .certificateUntrusted : expired ? .certificateExpired : named ? .certificateWrongName : nil
    }
    static let all = HostCertificateSpec.Kind.allCases.flatMap { kind in
      (0..<8).map { HostRow(kind: kind, trusted: $0 & 1 != 0, expired: $0 & 2 != 0, named: $0 & 4 != 0) }
    }
  }

  @Test(
    "a pinned key is all that counts; without one issuer, time and name do, on reverse connect and in the tunnel",
    arguments: HostRow.all)
  func hostCertificates(row: HostRow) throws {
    var scenario = try Self.sound()
    scenario[host: "sh-1"].certificate.kind = row.kind
    if row.expired { scenario[host: "sh-1"].certificate.certificate.expired = true }
    if row.named { scenario[host: "sh-1"].certificate.certificate.name = "template-7" }
    if row.trusted { scenario[host: "alice"].trusts = ["enterprise-ca"] }
    let session = try scenario.run().sessions[0]
    #expect(session.transport == (row.refusal == nil ? .public : nil))
    #expect(session.reason == row.refusal ?? .onlyDirectPath)
    if row.refusal != nil { #expect(session.milestones.last { $0.milestone.step != nil }?.milestone == .rdpStarted) }
  }

  // MARK: Versions

  @Test("client and service need a version in common", arguments: TLSVersion.allCases, TLSVersion.allCases)
  func clientVersions(client: TLSVersion, service: TLSVersion) throws {
    var scenario = try Self.sound()
    scenario.service.tls = TLSSpec(lowest: service, highest: service)
    scenario[host: "alice"].tls = client
    scenario[host: "sh-1"].tls = service
    let session = try scenario.run().sessions[0]
    let lowest = client < .tls12 ? TLSVersion.tls10 : .tls12
    let meets = (lowest...client).contains(service)
    // Beyond the service's channels the nested TLS needs one too: a host of 1.3 accepts 1.2.
    #expect((session.reason == .tlsVersionMismatch) == !meets)
    #expect((session.transport == .public) == meets)
  }

  @Test("the host's agent needs one as well, and tells why it has not registered", arguments: TLSVersion.allCases)
  func hostVersions(host: TLSVersion) throws {
    var scenario = try Self.sound()
    scenario[host: "sh-1"].tls = host
    let session = try scenario.run().sessions[0]
    #expect(session.reason == (host < .tls12 ? .noHealthyHost : .onlyDirectPath))
    #expect(session.cause?.reason == (host < .tls12 ? .tlsVersionMismatch : nil))
    #expect(session.cause.map(\.node) == (host < .tls12 ? "sh-1" : nil))
  }

  @Test("the nested TLS has versions of its own: the host judges, and an alert tells the client the same")
  func nestedVersions() throws {
    var scenario = try Self.sound()
    scenario.service.tls = TLSSpec(lowest: .tls10, highest: .tls13)
    scenario[host: "alice"].tls = .tls11
    let session = try scenario.run().sessions[0]
    #expect(session.reason == .tlsVersionMismatch)
    #expect(session.failures.filter { $0.reason == .tlsVersionMismatch }.map(\.node).sorted() == ["alice", "sh-1"])
    #expect(session.milestones.contains { $0.milestone == .rdpInitiated })
  }

  // MARK: Inspection

  @Test(
    "an inspecting rule is blamed for the refusal, and lifting it lets the session through",
    arguments: [
      ("gateway-certificate-intercepted", "networks.home.firewall.rules.inspect-gateway"),
      ("sign-in-intercepted", "networks.home.firewall.rules.inspect-sign-in"),
      ("host-gateway-certificate-wrong-name", "networks.azure.firewall.rules.inspect-gateway"),
      ("host-gateway-certificate-expired", "networks.azure.firewall.rules.inspect-gateway"),
      ("host-gateway-certificate-intercepted", "networks.azure.firewall.rules.inspect-gateway"),
      ("host-broker-intercepted", "networks.azure.firewall.rules.inspect-broker"),
    ])
  func blame(file: String, rule: String) throws {
    let scenario = try Files.scenario("failures/\(file)")
    let run = try scenario.run()
    let blocker = try #require(run.attempt(.reverseConnect).mainBlocker)
    #expect(blocker.rulePath == rule && blocker.reason == .inspected)
    #expect(run.sessions[0].sentence.contains(blocker.rule ?? "no rule"))
    let told = run.story.filter { $0.kind == .inspected }
    #expect(!told.isEmpty && told.allSatisfy { run.rules[Int($0.rule)].path == rule })
    #expect(try scenario.with("lift \(rule)").run().sessions[0].transport == .public)
  }

  @Test("a trusted inspection carries the session, and is blamed for nothing")
  func trusted() throws {
    let scenario = try Files.scenario("failures/gateway-inspection-trusted")
    let run = try scenario.run()
    let told = run.story.filter { $0.kind == .inspected }
    // The probe of the gateway, and the client's connection to it.
    #expect(told.map(\.topic) == [.gatewayProbe, .gatewayClient])
    #expect(told.allSatisfy { run.rules[Int($0.rule)].id == "inspect-gateway" })
    #expect(run.attempt(.reverseConnect).blockers.isEmpty)
    #expect(try scenario.run().fingerprints == run.fingerprints)
    let whole = try scenario.with("lift networks.home.firewall.rules.inspect-gateway").run()
    // The gateway's leg ends at the home router now: TLS with the client costs no round trip beyond it.
    #expect(try #require(run.sessions[0].connected) < #require(whole.sessions[0].connected))
    #expect(whole.story.allSatisfy { $0.kind != .inspected })
    #expect(run.sessions[0].channels.allSatisfy { $0.sent > 0 || $0.received > 0 })
  }

  @Test("both sides inspected and both trusting: the session passes two proxies")
  func twice() throws {
    var scenario = try Files.scenario("failures/host-gateway-certificate-intercepted")
    let home = try Files.scenario("failures/gateway-certificate-intercepted").network("home")!
    scenario.networks[scenario.networks.firstIndex { $0.id == "home" }!] = home
    scenario[host: "alice"].trusts = ["inspection-ca"]
    #expect(try scenario.run().sessions[0].reason == .hostUnreachable)
    scenario[host: "sh-1"].trusts = ["inspection-ca"]
    let run = try scenario.run()
    #expect(run.sessions[0].transport == .public)
    #expect(
      run.story.filter { $0.kind == .inspected }.map { run.nodes[Int($0.node.index)].id }.sorted() == ["azure", "home", "home"])
  }

  @Test("a tunnel gateway inspects what comes out of its tunnel")
  func tunnelGateway() throws {
    var scenario = try Files.scenario("documented/2-vpn-lowest-latency")
    scenario.sessions = []
    scenario.expectations = []
    scenario.hosts.append(HostSpec(id: "web", role: .server, network: "azure"))
    var probe = ProbeSpec(from: "alice", to: "web", port: 443, kind: .tcp, at: .zero)
    probe.via = "vpn"
    scenario.probes = [probe]
    var rule = RuleSpec(id: "look", action: .divert)
    rule.proto = .tcp
    scenario[host: "vpn-gateway"].firewall = FirewallSpec(rules: [rule])
    scenario.normalise()
    #expect(scenario.problems().isEmpty)
    let run = try scenario.run()
    #expect(run.probes[0].outcome == "answered")
    #expect(run.story.filter { $0.kind == .inspected }.map { run.nodes[Int($0.node.index)].id } == ["vpn-gateway"])
  }
}
