// From a scenario back to YAML, with every default spelled out.
import NetworkModel
public import ScenarioModel
import SimulationKernel
import Trace
import Wire

/// Writes scenarios.
public enum ScenarioWriter {
  /// The whole scenario with every value in it, in a fixed order; it reads back as an equal one.
  public static func resolved(_ scenario: Scenario) -> String { tree(scenario).document }

  /// The same, with where each value came from as a comment behind it.
  public static func annotated(_ scenario: Scenario) -> String {
    var annotation = Annotation(of: scenario)
    return annotation.document(of: tree(scenario))
  }

  private static func tree(_ scenario: Scenario) -> Written {
    .map([
      ("shortpath", .scalar("\(ScenarioReader.version)")),
      ("title", .text(scenario.title)),
      ("seed", .scalar("\(scenario.seed)")),
      ("networks", .map(scenario.networks.map { ($0.id, network($0)) })),
      ("links", .map(scenario.links.map { ($0.id, link($0)) })),
      ("tunnels", .map(scenario.tunnels.map { ($0.id, tunnel($0)) })),
      ("hosts", .map(scenario.hosts.map { ($0.id, host($0)) })),
      ("service", service(scenario.service)),
      (
        "host-pool",
        .map(
          settings(HostPoolSpec.settings, of: scenario.hostPool)
            + [("rdp-properties", .map(settings(HostPoolSpec.properties, of: scenario.hostPool)))])
      ),
      ("sessions", .list(scenario.sessions.map(session))),
      ("probes", .list(scenario.probes.map(probe))),
      ("rogues", .list(scenario.rogues.map(rogue))),
      ("traffic", .list(scenario.traffic.map(traffic))),
      ("events", .list(scenario.events.filter(\.isEnabled).map(event))),
      ("mishaps", .list(scenario.mishaps.map(mishap))),
      ("expect", .list(scenario.expectations.map(expectation))),
      ("timing", timing(scenario.timing)),
    ])
  }

  // MARK: Networks

  private static func network(_ spec: NetworkSpec) -> Written {
    var entries: [(key: String, value: Written)] = [
      ("label", .text(spec.label)),
      ("subnet", optional(spec.subnet?.description, "auto")),
      ("subnet6", optional(spec.subnet6?.description, "none")),
      ("nat", .translation(spec)),
      ("uplink", .scalar("none")),
      ("firewall", firewall(spec.firewall)),
      ("lan", .map(path(spec.lan, "up", "down"))),
    ]
    if let uplink = spec.uplink { entries[4].value = .map([("to", .text(uplink.to))] + path(uplink.settings, "up", "down")) }
    return .map(entries)
  }

  /// What both directions share, and under a direction's own key whatever differs.
  private static func path(_ path: PathSpec, _ there: String, _ back: String) -> [(key: String, value: Written)] {
    if path.there == path.back { return fields(path.there) }
    return [(there, .map(fields(path.there))), (back, .map(fields(path.back)))]
  }

  private static func fields(_ link: LinkSettings) -> [(key: String, value: Written)] {
    [
      ("delay", .scalar(link.delay.written)), ("rate", optional(link.rate?.written, "unlimited")),
      ("queue", .scalar(link.queue.written)),
      ("loss", .scalar(link.loss.written)), ("burst", .scalar(link.burst == .zero ? "none" : link.burst.written)),
      ("duplicate", .scalar(link.duplicate.written)), ("jitter", .scalar(link.jitter.written)),
      ("reorders", .flag(link.reorders)),
      ("mtu", .scalar("\(link.mtu) B")),
    ]
  }

  private static func link(_ spec: LinkSpec) -> Written {
    .map(
      [("label", .text(spec.label)), ("between", .words([spec.from, spec.to])), ("private", .flag(spec.isPrivate))]
        + path(spec.settings, "there", "back"))
  }

  private static func tunnel(_ spec: TunnelSpec) -> Written {
    .map([
      ("label", .text(spec.label)), ("from", .text(spec.from)), ("to", .text(spec.to)), ("over", .scalar("udp")),
      ("port", .scalar("\(spec.port)")), ("routes", .words(spec.routes.map(\.description))),
      ("delay", .scalar(spec.processing.written)),
      ("address", optional(spec.address?.description, "auto")), ("pool", .text(spec.pool.description)),
      ("mtu", .scalar("\(spec.mtu) B")),
    ])
  }

  static func ports(_ range: PortRange) -> Written {
    .scalar(range == .any ? "any" : range.written)
  }

  // MARK: Hosts and the service

  private static func host(_ spec: HostSpec) -> Written {
    var entries: [(key: String, value: Written)] = [
      ("label", .text(spec.label)), ("role", .scalar(spec.role.rawValue)), ("network", .text(spec.network)),
      ("address", optional(spec.address?.description, "auto")), ("address6", optional(spec.address6?.description, "auto")),
      ("firewall", firewall(spec.firewall)),
    ]
    switch spec.role {
    case .sessionHost:
      entries.append(("policy", .map(settings(HostPolicySpec.settings, of: spec.policy))))
      entries.append(
        (
          "rdp",
          .map([
            ("sign-in", .flag(spec.rdp.signIn)), ("licensed", .flag(spec.rdp.licensed)),
            ("requires-graphics-pipeline", .flag(spec.rdp.requiresGraphicsPipeline)),
          ])
        ))
    case .client:
      entries.append(
        (
          "client",
          .map(
            settings(ClientSpec.settings, of: spec.client) + [
              ("account", .flag(spec.client.account)), ("assigned", .flag(spec.client.assigned)),
              ("graphics-pipeline", .flag(spec.client.graphicsPipeline)), ("reconnect", .flag(spec.client.reconnect)),
            ])
        ))
    case .proxy: entries.append(Written.forwardProxy(spec.forwardProxy))
    case .tunnelGateway, .server, .idle: break
    }
    if spec.role == .client || spec.role == .sessionHost { entries += Written.security(spec) + [Written.proxy(spec.proxy)] }
    return .map(entries)
  }

  private static func settings<Owner>(_ settings: [NamedSetting<Owner>], of owner: Owner) -> [(key: String, value: Written)] {
    settings.map { ($0.name, .scalar($0.text(owner))) }
  }

  private static func service(_ spec: ServiceSpec) -> Written {
    let regions = spec.regions.map { region in
      (region.id, Written.map([("label", .text(region.label)), ("at", .text(region.at))] + path(region.link, "up", "down")))
    }
    let own: [(key: String, value: Written)] = [
      ("regions", .map(regions)), ("directory", optional(spec.directory, "auto")), ("feed", optional(spec.feed, "auto")),
      ("broker", optional(spec.broker, "auto")), ("stun", optional(spec.stun, "auto")),
      ("token-lifetime", .scalar(spec.tokenLifetime.written)), ("valid-signature", .flag(spec.validSignature)),
      ("reverse-connect", .scalar(spec.reverseConnect.rawValue)),
    ]
    return .map(own + Written.security(spec))
  }

  private static func timing(_ spec: TimingSpec) -> Written {
    .map([
      ("duration", optional(spec.duration?.written, "unlimited")), ("linger", .scalar(spec.linger.written)),
      ("selection-window", .scalar(spec.selectionWindow.written)), ("gathering-limit", .scalar(spec.gatheringLimit.written)),
      ("peer-reflexive", .flag(spec.peerReflexive)),
      ("udp-keep-alive", .scalar(spec.udpKeepAlive.written)), ("udp-silence", .scalar(spec.udpSilence.written)),
      ("maximum-events", .scalar("\(spec.maximumEvents)")),
    ])
  }

  // MARK: Happenings

  private static func session(_ spec: SessionSpec) -> Written {
    .inline([
      ("client", .text(spec.client)), ("host", .text(spec.host)), ("at", .scalar(spec.at.written)),
      ("workload", workload(spec.workload)),
    ])
  }

  private static func probe(_ spec: ProbeSpec) -> Written {
    let to = spec.port == 0 || spec.to == "stun" && spec.port == 3478 ? spec.to : "\(spec.to):\(spec.port)"
    return .inline([
      ("from", .text(spec.from)), ("to", .text(to)), ("kind", .scalar(spec.kind.rawValue)), ("at", .scalar(spec.at.written)),
      ("count", .scalar("\(spec.count)")), ("interval", .scalar(spec.interval.written)), ("size", .scalar("\(spec.size) B")),
      ("source-port", .scalar(spec.sourcePort == 0 ? "auto" : "\(spec.sourcePort)")), ("via", optional(spec.via, "none")),
    ])
  }

  private static func rogue(_ spec: RogueSpec) -> Written {
    .inline([
      ("from", .text(spec.from)), ("to", .text(spec.to)), ("kind", .scalar(spec.kind.rawValue)), ("at", .scalar(spec.at.written)),
      ("count", .scalar("\(spec.count)")), ("interval", .scalar(spec.interval.written)), ("hears", optional(spec.hears, "none")),
    ])
  }

  private static func traffic(_ spec: TrafficSpec) -> Written {
    .inline([
      ("from", .text(spec.from)), ("to", .text(spec.to)), ("rate", .scalar(spec.rate.written)),
      ("size", .scalar("\(spec.size) B")),
      ("at", .scalar(spec.start.written)), ("until", .scalar(spec.end.written)),
    ])
  }

  private static func event(_ spec: EventSpec) -> Written {
    switch spec.change {
    case .set(let path, let value):
      .inline([("at", .scalar(spec.at.written)), ("set", .inline([(path, .text(value.text))]))])
    case .act(let element, let verb): .inline([("at", .scalar(spec.at.written)), (verb.rawValue, .text(element))])
    }
  }

  private static func expectation(_ spec: Expectation) -> Written {
    var entries: [(key: String, value: Written)] = []
    switch spec.subject {
    case .session(let number): entries.append(("session", .scalar("\(number)")))
    case .probe(let number): entries.append(("probe", .scalar("\(number)")))
    case .rogue(let number): entries.append(("rogue", .scalar("\(number)")))
    }
    if spec.fails || spec.transport != nil { entries.append(("transport", .scalar(spec.transport?.name ?? "none"))) }
    if let route = spec.route { entries.append(("route", .text(route))) }
    if let reason = spec.reason { entries.append(("reason", .text(reason))) }
    if let within = spec.within { entries.append(("within", .scalar(within.written))) }
    if let reconnects = spec.reconnects { entries.append(("reconnects", .scalar("\(reconnects)"))) }
    if !spec.attempts.isEmpty {
      entries.append(("attempts", .inline(spec.attempts.map { ($0.transport.name, .scalar($0.outcome)) })))
    }
    if !spec.settings.isEmpty {
      entries.append(("settings", .inline(spec.settings.map { ($0.transport.name, .text($0.setting)) })))
    }
    if !spec.blockedBy.isEmpty {
      let losses = spec.blockedBy.map { loss -> Written in
        guard let rule = loss.rule, loss == Expectation.DropExpectation(rule: rule) else { return .inline(written(loss)) }
        return .text(rule)
      }
      entries.append(("blocked-by", .row(losses)))
    }
    if let cause = spec.cause { entries.append(("cause", .inline(written(cause)))) }
    if let outcome = spec.outcome { entries.append(("outcome", .scalar(outcome))) }
    return .inline(entries + written(spec.drop))
  }

  private static func written(_ drop: Expectation.DropExpectation) -> [(key: String, value: Written)] {
    [("dropped", drop.reason), ("at", drop.node), ("by", drop.rule)].compactMap { key, text in text.map { (key, .text($0)) } }
  }

  private static func written(_ cause: Expectation.CauseExpectation) -> [(key: String, value: Written)] {
    [
      ("node", cause.node.map { .text($0) }), ("reason", cause.reason.map { .text($0) }),
      ("step", cause.step.map { .scalar("\($0)") }), ("missing", cause.missing.map { .text($0) }),
    ].compactMap { key, value in value.map { (key, $0) } }
  }

  private static func optional(_ text: String?, _ absent: String) -> Written { .text(text ?? absent) }
}
