// What a stream's first bytes are: TLS with its names, HTTP with what it asks for, or something else that is told by its beginning.
import SimulationKernel
import Wire
import WireCodec

/// Looks at the beginnings of both directions of a stream.
struct StreamLook {
  private(set) var protocols: [String] = []
  private(set) var tls: TLSFacts?
  private(set) var web: WebFacts?

  /// - Parameters:
  ///   - opener: what the side says that opened the stream.
  ///   - date: in seconds since 1970.
  init(opener: [UInt8], other: [UInt8], date: Int64) { look(opener, other, date, depth: 0) }

  private mutating func look(_ opener: [UInt8], _ other: [UInt8], _ date: Int64, depth: Int) {
    if Self.isTLS(opener) || Self.isTLS(other) {
      protocols.append("tls")
      var facts = TLSFacts()
      for bytes in [opener, other] where Self.isTLS(bytes) { Self.read(bytes, date, into: &facts) }
      tls = facts
    } else if Self.isHTTP(opener) {
      readHTTP(opener, other, date, depth)
    } else if opener.starts(with: [3, 0]), opener.count >= 7 {
      protocols.append("rdp")
      // X.224 negotiation (MS-RDPBCGR §2.2.1.1) is one TPKT each way; TLS follows it.
      if depth == 0 { look(Self.behindTPKT(opener), Self.behindTPKT(other), date, depth: 1) }
    } else if opener.starts(with: Array("SSH-".utf8)) || other.starts(with: Array("SSH-".utf8)) {
      protocols.append("ssh")
    } else if STUNFrame.begins(opener[...]) {
      protocols.append("stun")
    }
  }

  // MARK: TLS

  private static func isTLS(_ bytes: [UInt8]) -> Bool {
    bytes.count >= 5 && (20...23).contains(bytes[0]) && bytes[1] == 3 && bytes[2] < 5
  }

  private static func read(_ bytes: [UInt8], _ date: Int64, into facts: inout TLSFacts) {
    var identities = Identities(seed: 0)
    var reader = TLSStreamReader()
    reader.append(bytes)
    // What cannot be read ends the look; what was read before it stands.
    while let content = try? reader.next(at: date, identities: &identities) {
      switch content {
      case .clientHello(.clientHello(let name, let highest, _)):
        let text = identities.text(of: name)
        facts.serverName = text.isEmpty ? nil : text
        facts.offered = highest
      case .serverHello(let version): facts.version = version
      case .certificate(let certificate):
        facts.certificate = identities.text(of: certificate.subject)
        facts.issuer = identities.text(of: certificate.issuer)
        facts.isExpired = certificate.expired
      case .alert(let alert): facts.alerts.append(alert)
      default: break
      }
    }
  }

  private static func behindTPKT(_ bytes: [UInt8]) -> [UInt8] {
    guard bytes.count > 4, bytes[0] == 3 else { return [] }
    return Array(bytes.dropFirst(Int(bytes[2]) << 8 | Int(bytes[3])))
  }

  // MARK: HTTP

  private static let methods = [
    "GET ", "POST ", "PUT ", "HEAD ", "OPTIONS ", "DELETE ", "CONNECT ", "RDG_OUT_DATA ", "RDG_IN_DATA ",
  ]

  private static func isHTTP(_ bytes: [UInt8]) -> Bool { methods.contains { bytes.starts(with: Array($0.utf8)) } }

  private mutating func readHTTP(_ opener: [UInt8], _ other: [UInt8], _ date: Int64, _ depth: Int) {
    protocols.append("http")
    var requests = HTTPReader()
    requests.append(opener)
    guard let request = try? requests.next(), case .request(let method, let target) = request.start else { return }
    var facts = WebFacts(method: method, target: target, host: request["Host"])
    var answers = HTTPReader(answersConnect: method == "CONNECT")
    answers.append(other)
    if let answer = try? answers.next(), case .response(let status, _) = answer.start {
      facts.status = status
      facts.isWebSocket = status == 101 && request["Upgrade"]?.lowercased() == "websocket"
    }
    if facts.isWebSocket { protocols.append("websocket") }
    web = facts
    guard method == "CONNECT", depth == 0, facts.status.map({ (200...299).contains($0) }) == true else { return }
    look(requests.takeRest(), answers.takeRest(), date, depth: 1)
  }
}
