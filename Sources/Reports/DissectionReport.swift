// `dissect`: a capture explained in the order an administrator asks, the verdict first.
public import Dissection
import SimulationKernel
import Wire

/// What a capture tells, in words and tables.
public enum DissectionReport {
  /// The places that are told of: those named, or else those where something of interest was seen; of many, those at hosts.
  public static func chosen(_ dissection: Dissection, at names: [String] = []) -> [Place] {
    if !names.isEmpty { return dissection.places.filter { names.contains($0.name) } }
    let telling = dissection.places.filter(\.saysSomething)
    if telling.isEmpty { return dissection.places.filter { $0.packets > 0 } }
    if telling.count <= 3 { return telling }
    let atHosts = telling.filter { $0.isAtHost && !$0.verdicts.isEmpty }
    let withUDP = atHosts.filter {
      !$0.mappings.isEmpty || !$0.pairs.isEmpty || !$0.connections.isEmpty || !$0.allocations.isEmpty
    }
    return !withUDP.isEmpty ? withUDP : !atHosts.isEmpty ? atHosts : telling
  }

  /// The report as plain text wrapped to `width`.
  public static func text(
    _ dissection: Dissection, file: String, at names: [String] = [], format: ReportFormat = .text, width: Int = 120
  ) -> String {
    let places = chosen(dissection, at: names)
    var document = Document()
    document.add(.title(file))
    let named = places.count > 1
    let verdicts = places.flatMap { place in place.verdicts.map { (place, $0) } }
    if verdicts.isEmpty {
      document.add(.paragraph("Neither STUN, TURN, RDP-UDP nor a connection to the service was seen here."))
    } else {
      document.add(.list(verdicts.map { (named ? "\($0.name), " : "") + "\($1.host): \($1.sentence)" }))
      let obstacles = verdicts.flatMap { place, verdict in
        verdict.obstacles.map { (named ? "\(place.name), " : "") + "\(verdict.host): \($0)" }
      }
      if !obstacles.isEmpty {
        document.add(.heading("Why not better"))
        document.add(.list(obstacles))
      }
      document.add(.paragraph(HostVerdict.limits))
    }
    document.add(.heading("What is in the file"))
    document.add(.list(facts(dissection, places)))
    if dissection.places.count > 1 { document.add(.table(interfaces(dissection, places))) }
    for place in places { tell(place, named: dissection.places.count > 1, into: &document) }
    return document.rendered(as: format, width: width)
  }

  // MARK: The file

  private static func facts(_ dissection: Dissection, _ places: [Place]) -> [String] {
    var facts: [String] = []
    if let first = dissection.first, let last = dissection.last {
      let count = "\(counted(dissection.packets, "packet")) in \(last - first)"
      facts.append(
        dissection.scenarioStart == nil
          ? "\(count), the first at \(dissection.startText); times are counted from it"
          : "\(count); times are counted from the scenario's 0 s")
    } else {
      facts.append("No packets")
    }
    switch dissection.end {
    case .whole: break
    case .truncated(let what): facts.append("The file is cut off (\(what)): what stands before is told")
    case .damaged(let what): facts.append("The file is damaged (\(what)): what stands before is told")
    }
    if let writer = dissection.application ?? dissection.system { facts.append("Written by \(writer)") }
    for comment in dissection.comments {
      facts += comment.split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("ice-pwd ") }.map { "Remark: \($0)" }
    }
    facts += dissection.unknownLines.map { "Not understood: \($0)" }
    let telling = dissection.places.filter { place in place.saysSomething && !places.contains { $0.name == place.name } }
    if !telling.isEmpty {
      facts.append("Told of: \(places.map(\.name).joined(separator: ", ")); the others with --at NAME")
    }
    return facts
  }

  private static func interfaces(_ dissection: Dissection, _ places: [Place]) -> TextTable {
    var table = TextTable([
      ("interface", .left), ("told", .left), ("packets", .right), ("bytes", .right), ("first ms", .right), ("last ms", .right),
      ("own addresses", .left),
    ])
    for place in dissection.places {
      let own = place.near.prefix(3).map { "\($0)" }.joined(separator: " ") + (place.near.count > 3 ? " …" : "")
      table.rows.append([
        place.name, places.contains { $0.name == place.name } ? "yes" : "", "\(place.packets)", "\(place.bytes)", ms(place.first),
        ms(place.last), own,
      ])
    }
    return table
  }

  static func trouble(_ place: Place) -> [String] {
    let trouble = place.trouble
    var lines: [String] = []
    func add(_ count: Int, _ noun: String, _ words: String) { if count > 0 { lines.append("\(counted(count, noun)) \(words)") } }
    if let description = place.description { lines.append(description) }
    lines += place.comments
    if !place.hasDirections, !place.near.isEmpty, place.near.count < 8 {
      lines.append(
        "Own addresses, guessed from who speaks with whom: \(place.near.map { "\($0)" }.joined(separator: ", "))")
    }
    add(trouble.notIP, "frame", "without IP (ARP and the like)")
    add(trouble.unreadableLink, "frame", "of link type \(place.linkType), which is not read here")
    add(trouble.cut, "packet", "cut by the capture's snap length: contents are read as far as they were kept")
    add(trouble.fragments, "fragment", "not put together")
    add(trouble.malformed, "packet", "malformed; \(trouble.firstMalformed ?? "")")
    add(trouble.doubled, "packet", "seen twice within 1 ms and counted once")
    add(trouble.offloaded, "packet", "with a checksum that was left to the network card")
    add(trouble.wrongChecksums, "packet", "that arrived with a wrong checksum: damaged or changed on the way")
    add(trouble.wrongFingerprints, "STUN message", "whose FINGERPRINT does not fit: something rewrites payloads (an ALG?)")
    add(trouble.rightIntegrity, "STUN message", "made with a password that is known")
    add(trouble.wrongIntegrity, "STUN message", "not made with the password given for them")
    if !trouble.others.isEmpty {
      lines.append("Not looked into: " + trouble.others.map { "\($0.name) \($0.count)" }.joined(separator: ", "))
    }
    return lines
  }

  // MARK: A place

  private static func tell(_ place: Place, named: Bool, into document: inout Document) {
    let at = named ? " at \(place.name)" : ""
    let remarks = trouble(place)
    if !remarks.isEmpty {
      document.add(.heading("Packets\(at)"))
      document.add(.list(remarks))
    }
    if !place.flows.isEmpty {
      document.add(.heading("Who spoke with whom\(at)"))
      let shown = mostTelling(place.flows)
      document.add(.table(flows(shown)))
      if shown.count < place.flows.count {
        document.add(.paragraph("\(place.flows.count - shown.count) more conversations; --format json has all."))
      }
    }
    if !place.mappings.isEmpty {
      document.add(.heading("What STUN says of translation\(at)"))
      document.add(.table(mappings(place)))
      document.add(.list(place.mappings.map { "\($0.own): \($0.sentence)" }))
    }
    if !place.candidates.isEmpty {
      document.add(.heading("Candidates, as far as they can be concluded\(at)"))
      document.add(.table(candidates(place)))
    }
    if !place.pairs.isEmpty {
      document.add(.heading("Connectivity checks\(at)"))
      document.add(.table(checks(place)))
      document.add(.list(place.pairs.map { "\($0.local) to \($0.remote): \($0.sentence)" }))
    }
    if !place.allocations.isEmpty {
      document.add(.heading("Relays (TURN)\(at)"))
      document.add(.list(place.allocations.map(relay)))
    }
    if !place.connections.isEmpty {
      document.add(.heading("RDP-UDP\(at)"))
      document.add(.table(connections(place)))
      document.add(.list(place.connections.map { "\($0.near) and \($0.far): \($0.sentence)" }))
    }
  }

  /// As many rows as a page holds (*assumed*): recognised conversations first, then those with the most packets.
  private static func mostTelling(_ flows: [Flow]) -> [Flow] {
    guard flows.count > 40 else { return flows }
    func weight(_ flow: Flow) -> Int { (flow.protocols.isEmpty ? 0 : 1 << 40) + flow.sent.packets + flow.received.packets }
    return flows.sorted { weight($0) > weight($1) }.prefix(40).sorted { $0.first < $1.first }
  }

  private static func flows(_ flows: [Flow]) -> TextTable {
    var table = TextTable([
      ("", .left), ("own", .left), ("other", .left), ("what", .left), ("out", .right), ("bytes", .right), ("in", .right),
      ("bytes", .right), ("first ms", .right), ("last ms", .right), ("handshake ms", .right), ("remarks", .left),
    ])
    for flow in flows {
      table.rows.append([
        flow.proto.name, "\(flow.near)", "\(flow.far)", what(flow), "\(flow.sent.packets)", "\(flow.sent.bytes)",
        "\(flow.received.packets)", "\(flow.received.bytes)", ms(flow.first), ms(flow.last),
        flow.proto == .tcp ? milliseconds(flow.tcp?.handshake) : "", remarks(flow),
      ])
    }
    return table
  }

  private static func what(_ flow: Flow) -> String {
    var words = flow.protocols
    if let row = words.firstIndex(of: "tls"), let name = flow.tls?.serverName { words[row] = "tls \(name)" }
    if let row = words.firstIndex(of: "http"), let web = flow.web { words[row] = "http \(web.method) \(web.target)" }
    if let relay = flow.relay { words.append("via \(relay)") }
    return words.isEmpty ? "-" : words.joined(separator: ", ")
  }

  private static func remarks(_ flow: Flow) -> String {
    var words: [String] = []
    if let tcp = flow.tcp {
      if tcp.openedByNear != nil, !tcp.isEstablished { words.append("not established") }
      if tcp.openedByNear == nil { words.append("began before the capture") }
      let counts = [
        (tcp.repeatedSyns, "SYN again"), (tcp.retransmissionsSent, "retransmitted out"),
        (tcp.retransmissionsReceived, "retransmitted in"), (tcp.outOfOrder, "out of order"), (tcp.resetsSent, "reset sent"),
        (tcp.resetsReceived, "reset received"),
      ]
      words += counts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
    }
    if let tls = flow.tls { words += self.tls(tls) }
    if let web = flow.web, let status = web.status { words.append("status \(status)") }
    return (words + flow.refusals.map(\.sentence)).joined(separator: ", ")
  }

  static func tls(_ tls: TLSFacts) -> [String] {
    var words: [String] = []
    if let version = tls.version ?? tls.offered { words.append("\(tls.version == nil ? "offers " : "")\(name(of: version))") }
    if let certificate = tls.certificate {
      words.append("certificate \(certificate) of \(tls.issuer ?? "-")\(tls.isExpired ? ", expired" : "")")
    }
    return words + tls.alerts.map { "alert \($0)" }
  }

  static func name(of version: TLSVersion) -> String { "TLS 1.\(version.rawValue & 0xF - 1)" }

  private static func mappings(_ place: Place) -> TextTable {
    var table = TextTable([
      ("own", .left), ("asked", .left), ("seen as", .left), ("round trip ms", .right), ("answers", .right), ("first ms", .right),
      ("also at", .left),
    ])
    for mapping in place.mappings {
      for answer in mapping.answers {
        table.rows.append([
          "\(mapping.own)", "\(answer.server)\(answer.isPeer ? " (peer)" : "")", "\(answer.reflexive)",
          milliseconds(answer.roundTrip), "\(answer.answers)", ms(answer.first), answer.otherAddress.map { "\($0)" } ?? "",
        ])
      }
      for silence in mapping.silences {
        table.rows.append([
          "\(mapping.own)", "\(silence.server)", "no answer to \(counted(silence.transmissions, "request"))", "-", "0",
          ms(silence.first), "",
        ])
      }
    }
    return table
  }

  private static func candidates(_ place: Place) -> TextTable {
    var table = TextTable([
      ("whose", .left), ("candidate", .left), ("type", .left), ("base", .left), ("priority seen", .right),
      ("known because", .left),
    ])
    for one in place.candidates {
      table.rows.append([
        one.isOwn ? "own" : "remote", "\(one.endpoint)", one.type?.name ?? "?", one.base.map { "\($0)" } ?? "",
        one.priority.map { "\($0)" } ?? "", one.evidence,
      ])
    }
    return table
  }

  private static func checks(_ place: Place) -> TextTable {
    var table = TextTable([
      ("local", .left), ("remote", .left), ("role", .left), ("sent", .right), ("again", .right), ("answered", .right),
      ("received", .right), ("answered", .right), ("errors", .left), ("use-candidate", .left), ("first in ms", .right),
      ("rtt min ms", .right), ("rtt last ms", .right), ("via", .left),
    ])
    for pair in place.pairs {
      let flags = [(pair.sent.useCandidate, "sent"), (pair.received.useCandidate, "received")].filter { $0.0 > 0 }.map(\.1)
      let errors = [pair.sent.errorWords, pair.received.errors.isEmpty ? "" : "sent " + pair.received.errorWords]
      table.rows.append([
        "\(pair.local)", "\(pair.remote)", role(pair), "\(pair.sent.requests)", "\(pair.sent.retransmissions)",
        "\(pair.sent.answers)", "\(pair.received.transmissions)", "\(pair.received.answers)",
        errors.filter { !$0.isEmpty }.joined(separator: "; "), flags.joined(separator: ", "), ms(pair.received.first),
        milliseconds(pair.shortestRoundTrip), milliseconds(pair.lastRoundTrip), pair.relay.map { "\($0)" } ?? "",
      ])
    }
    return table
  }

  private static func role(_ pair: CheckPair) -> String {
    let role = pair.sent.role?.rawValue ?? pair.received.role.map { $0 == .controlling ? "controlled" : "controlling" }
    return (role ?? "-") + (pair.sent.changedRole ? " (changed)" : "")
  }

  private static func relay(_ one: Allocation) -> String {
    var text = "\(one.client) at \(one.server): \(one.sentence)"
    if !one.permissions.isEmpty { text += "; permissions for \(one.permissions.map { "\($0)" }.joined(separator: ", "))" }
    let channels = one.channels.map { "0x\(String($0.number, radix: 16)) to \($0.peer)" }
    if !channels.isEmpty { text += "; channels \(channels.joined(separator: ", "))" }
    if one.sent.packets + one.received.packets > 0 {
      text += "; carried \(counted(one.sent.packets, "datagram")) out and \(one.received.packets) in"
    }
    return text
  }

  private static func connections(_ place: Place) -> TextTable {
    var table = TextTable([
      ("own", .left), ("other", .left), ("kind", .left), ("SYNs", .right), ("round trip ms", .right), ("version", .left),
      ("MTU", .right), ("cookie hash", .left), ("correlation", .left), ("out", .right), ("in", .right), ("acks", .right),
      ("dummies", .right), ("tls", .left),
    ])
    for one in place.connections {
      let versions = [one.clientVersion, one.serverVersion].compactMap { $0.map(RDPUDPFlow.version) }
      table.rows.append([
        "\(one.near)", "\(one.far)", one.kind.rawValue, "\(one.syns)", milliseconds(one.roundTrip),
        versions.joined(separator: "/"), one.mtu.map { "\($0)" } ?? "-", one.cookieHash.map { hex($0.prefix(4)) + "…" } ?? "-",
        one.correlation.map { hex($0[...]) } ?? "-", "\(one.dataSent.packets)", "\(one.dataReceived.packets)",
        "\(one.acknowledgements)", "\(one.dummies)",
        one.tls.map { ([$0.serverName].compactMap { $0 } + self.tls($0)).joined(separator: ", ") } ?? "-",
      ])
    }
    return table
  }

  static func hex(_ bytes: ArraySlice<UInt8>) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  private static func ms(_ time: SimTime?) -> String { time.map { String($0.description.dropLast(3)) } ?? "-" }
}
