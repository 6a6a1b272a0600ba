// `dissect --format json`: all that was found, of every place.
public import Dissection
import SimulationKernel
import Wire

/// A dissected capture as JSON.
public enum DissectionJSON {
  /// One object for all files.
  /// - Parameter files: each with the places to tell of.
  public static func text(_ files: [(file: String, dissection: Dissection, places: [Place])]) -> String {
    JSONValue.object([("captures", .array(files.map { value($0.dissection, $0.places, file: $0.file) }))]).document
  }

  private static func value(_ dissection: Dissection, _ places: [Place], file: String) -> JSONValue {
    let (end, what): (String, String?) =
      switch dissection.end {
      case .whole: ("whole", nil)
      case .truncated(let what): ("truncated", what)
      case .damaged(let what): ("damaged", what)
      }
    return .object([
      ("file", .text(file)), ("packets", .number(dissection.packets)), ("end", .text(end)), ("end_reason", .maybe(what)),
      ("start", dissection.first == nil ? .null : .text(dissection.startText)),
      ("duration_ms", .maybe(dissection.first.flatMap { first in dissection.last.map { $0 - first } })),
      ("application", .maybe(dissection.application)), ("comments", .array(dissection.comments.map { .text($0) })),
      ("places", .array(places.map(value))),
    ])
  }

  private static func value(_ place: Place) -> JSONValue {
    .object([
      ("name", .text(place.name)), ("link_type", .number(place.linkType)), ("packets", .number(place.packets)),
      ("bytes", .number(place.bytes)), ("first_ms", .maybe(place.first)), ("last_ms", .maybe(place.last)),
      ("own_addresses", .array(place.near.map { .text("\($0)") })), ("directions_recorded", .flag(place.hasDirections)),
      ("at_host", .flag(place.isAtHost)),
      ("trouble", value(place.trouble)), ("verdicts", .array(place.verdicts.map(value))),
      ("flows", .array(place.flows.map(value))), ("mappings", .array(place.mappings.map(value))),
      ("candidates", .array(place.candidates.map(value))), ("pairs", .array(place.pairs.map(value))),
      ("allocations", .array(place.allocations.map(value))), ("rdp_udp", .array(place.connections.map(value))),
    ])
  }

  private static func value(_ trouble: Trouble) -> JSONValue {
    .object([
      ("not_ip", .number(trouble.notIP)), ("unreadable_link", .number(trouble.unreadableLink)), ("cut", .number(trouble.cut)),
      ("fragments", .number(trouble.fragments)), ("malformed", .number(trouble.malformed)),
      ("first_malformed", .maybe(trouble.firstMalformed)), ("doubled", .number(trouble.doubled)),
      ("offloaded_checksums", .number(trouble.offloaded)), ("wrong_checksums", .number(trouble.wrongChecksums)),
      ("wrong_fingerprints", .number(trouble.wrongFingerprints)), ("right_integrity", .number(trouble.rightIntegrity)),
      ("wrong_integrity", .number(trouble.wrongIntegrity)), ("others", value(trouble.others)),
    ])
  }

  private static func value(_ tallies: [Tally]) -> JSONValue { .object(tallies.map { ($0.name, .number($0.count)) }) }
  private static func value(_ traffic: Traffic) -> JSONValue {
    .object([("packets", .number(traffic.packets)), ("bytes", .number(traffic.bytes))])
  }
  private static func value(_ endpoint: Endpoint?) -> JSONValue { endpoint.map { .text("\($0)") } ?? .null }
  private static func number(_ value: (some BinaryInteger)?) -> JSONValue { value.map { .number($0) } ?? .null }
  private static func flag(_ value: Bool?) -> JSONValue { value.map { .flag($0) } ?? .null }

  private static func value(_ verdict: HostVerdict) -> JSONValue {
    .object([
      ("host", .text("\(verdict.host)")), ("transport", .text(verdict.transport.rawValue)), ("sentence", .text(verdict.sentence)),
      ("obstacles", .array(verdict.obstacles.map { .text($0) })),
    ])
  }

  private static func value(_ flow: Flow) -> JSONValue {
    .object([
      ("proto", .text(flow.proto.name)), ("own", value(flow.near)), ("other", value(flow.far)), ("relay", value(flow.relay)),
      ("protocols", .array(flow.protocols.map { .text($0) })), ("sent", value(flow.sent)), ("received", value(flow.received)),
      ("first_ms", .maybe(flow.first)), ("last_ms", .maybe(flow.last)), ("tcp", flow.tcp.map(value) ?? .null),
      ("tls", flow.tls.map(value) ?? .null), ("http", flow.web.map(value) ?? .null),
      ("refusals", .array(flow.refusals.map { .text($0.sentence) })),
    ])
  }

  private static func value(_ tcp: TCPFacts) -> JSONValue {
    .object([
      ("opened_by_own", flag(tcp.openedByNear)), ("established", .flag(tcp.isEstablished)),
      ("handshake_ms", .maybe(tcp.handshake)),
      ("repeated_syns", .number(tcp.repeatedSyns)), ("retransmissions_sent", .number(tcp.retransmissionsSent)),
      ("retransmissions_received", .number(tcp.retransmissionsReceived)), ("out_of_order", .number(tcp.outOfOrder)),
      ("resets_sent", .number(tcp.resetsSent)), ("resets_received", .number(tcp.resetsReceived)),
    ])
  }

  private static func value(_ tls: TLSFacts) -> JSONValue {
    .object([
      ("server_name", .maybe(tls.serverName)), ("offered", .maybe(tls.offered.map(DissectionReport.name))),
      ("version", .maybe(tls.version.map(DissectionReport.name))), ("certificate", .maybe(tls.certificate)),
      ("issuer", .maybe(tls.issuer)), ("expired", .flag(tls.isExpired)), ("alerts", .array(tls.alerts.map { .text("\($0)") })),
    ])
  }

  private static func value(_ web: WebFacts) -> JSONValue {
    .object([
      ("method", .text(web.method)), ("target", .text(web.target)), ("host", .maybe(web.host)), ("status", number(web.status)),
      ("websocket", .flag(web.isWebSocket)),
    ])
  }

  private static func value(_ mapping: Mapping) -> JSONValue {
    .object([
      ("own", value(mapping.own)), ("is_own_side", .flag(mapping.isNear)), ("kind", .text(mapping.kind.rawValue)),
      ("port_preserved", mapping.answers.isEmpty ? .null : .flag(mapping.isPortPreserved)), ("sentence", .text(mapping.sentence)),
      (
        "answers",
        .array(
          mapping.answers.map {
            .object([
              ("server", value($0.server)), ("is_peer", .flag($0.isPeer)), ("reflexive", value($0.reflexive)),
              ("round_trip_ms", .maybe($0.roundTrip)), ("answers", .number($0.answers)), ("first_ms", .maybe($0.first)),
              ("other_address", value($0.otherAddress)), ("response_origin", value($0.responseOrigin)),
              ("software", .maybe($0.software)),
            ])
          })
      ),
      (
        "unanswered",
        .array(
          mapping.silences.map {
            .object([
              ("server", value($0.server)), ("requests", .number($0.transmissions)), ("first_ms", .maybe($0.first)),
              ("last_ms", .maybe($0.last)), ("refusal", .maybe($0.refusal?.sentence)),
            ])
          })
      ),
    ])
  }

  private static func value(_ one: Candidate) -> JSONValue {
    .object([
      ("own", .flag(one.isOwn)), ("endpoint", value(one.endpoint)), ("type", .maybe(one.type?.name)), ("base", value(one.base)),
      ("priority", number(one.priority)), ("evidence", .text(one.evidence)),
    ])
  }

  private static func value(_ checks: CheckPair.Checks) -> JSONValue {
    .object([
      ("requests", .number(checks.requests)), ("retransmissions", .number(checks.retransmissions)),
      ("answers", .number(checks.answers)), ("errors", value(checks.errors)), ("use_candidate", .number(checks.useCandidate)),
      ("role", .maybe(checks.role?.rawValue)), ("changed_role", .flag(checks.changedRole)), ("priority", number(checks.priority)),
      ("first_ms", .maybe(checks.first)), ("last_ms", .maybe(checks.last)), ("right_integrity", .number(checks.rightIntegrity)),
      ("wrong_integrity", .number(checks.wrongIntegrity)),
    ])
  }

  private static func value(_ pair: CheckPair) -> JSONValue {
    .object([
      ("local", value(pair.local)), ("remote", value(pair.remote)), ("relay", value(pair.relay)),
      ("sentence", .text(pair.sentence)),
      ("valid", .flag(pair.isValid)), ("nominated_ms", .maybe(pair.nominated)),
      ("first_answer_after_ms", .maybe(pair.firstAnswer)),
      ("first_round_trip_ms", .maybe(pair.firstRoundTrip)), ("shortest_round_trip_ms", .maybe(pair.shortestRoundTrip)),
      ("last_round_trip_ms", .maybe(pair.lastRoundTrip)), ("sent", value(pair.sent)), ("received", value(pair.received)),
      ("refusals", .array(pair.refusals.map { .text($0.sentence) })),
    ])
  }

  private static func value(_ one: Allocation) -> JSONValue {
    .object([
      ("client", value(one.client)), ("server", value(one.server)), ("relayed", value(one.relayed)),
      ("mapped", value(one.mapped)),
      ("lifetime_s", number(one.lifetimeSeconds)), ("requests", .number(one.requests)), ("setup_ms", .maybe(one.setup)),
      ("released", .flag(one.isReleased)), ("permissions", .array(one.permissions.map { .text("\($0)") })),
      (
        "channels",
        .array(one.channels.map { .object([("number", .number($0.number)), ("peer", value($0.peer))]) })
      ),
      ("errors", value(one.errors)), ("sent", value(one.sent)), ("received", value(one.received)),
      ("sentence", .text(one.sentence)),
    ])
  }

  private static func value(_ one: RDPUDPFlow) -> JSONValue {
    .object([
      ("own", value(one.near)), ("other", value(one.far)), ("relay", value(one.relay)), ("kind", .text(one.kind.rawValue)),
      ("opened_by_own", flag(one.openedByNear)), ("syns", .number(one.syns)), ("syn_acks", .number(one.synAcks)),
      ("first_syn_ms", .maybe(one.firstSyn)), ("round_trip_ms", .maybe(one.roundTrip)),
      ("client_version", .maybe(one.clientVersion.map(RDPUDPFlow.version))),
      ("server_version", .maybe(one.serverVersion.map(RDPUDPFlow.version))), ("mtu", number(one.mtu)),
      ("cookie_hash", .maybe(one.cookieHash.map { DissectionReport.hex($0[...]) })),
      ("correlation", .maybe(one.correlation.map { DissectionReport.hex($0[...]) })), ("data_sent", value(one.dataSent)),
      ("data_received", value(one.dataReceived)), ("acknowledgements", .number(one.acknowledgements)),
      ("dummies", .number(one.dummies)), ("first_ms", .maybe(one.first)), ("last_ms", .maybe(one.last)),
      ("established", .flag(one.isEstablished)), ("tls", one.tls.map(value) ?? .null), ("sentence", .text(one.sentence)),
    ])
  }
}
