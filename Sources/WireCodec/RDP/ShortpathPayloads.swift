// Shortpath's own payloads as JSON (*assumed*: FreeRDP saw JSON behind AVD's multitransport request, its members are not public). Every
// member has a fixed width, filled up with spaces, so that a list's length follows from its count.
import Wire

extension RDPCodec {
  /// The listener's addresses: 26 bytes around 48 for each.
  enum ListenerAddresses {
    private static let start = #"{"shortpathListeners": ["#
    private static let end = "]}"

    static func encode(_ listener: [Endpoint]) -> [UInt8] {
      var writer = ByteWriter(capacity: 26 + 48 * listener.count)
      writer.append(start)
      for (row, endpoint) in listener.enumerated() {
        let text = "\"\(endpoint.address) \(endpoint.port)\"" + (row + 1 < listener.count ? "," : "")
        writer.append(text)
        writer.fill(UInt8(ascii: " "), count: 48 - text.utf8.count)
      }
      writer.append(end)
      return writer.bytes
    }

    static func decode(_ reader: inout ByteReader) throws(CodecError) -> [Endpoint] {
      try reader.expect(exactly: start.utf8, "multitransport payload")
      var listener: [Endpoint] = []
      while reader.remaining > 48 {
        var field = try reader.part(48, "listener")
        try field.expect(exactly: "\"".utf8, "listener")
        let text = try field.text(upTo: "\"", "listener")
        listener.append(try endpoint(text, "listener"))
        let last = reader.remaining <= 48
        if !last { try field.expect(exactly: ",".utf8, "listener") }
        try field.spaces("listener")
      }
      try reader.expect(exactly: end.utf8, "multitransport payload")
      return listener
    }
  }

  /// One side's credentials and candidates: 64 bytes around a line of 96 for each, and the host's terms.
  enum CandidatePayload {
    private static let letters: [(CandidateType, Character)] = [
      (.host, "h"), (.serverReflexive, "s"), (.peerReflexive, "p"), (.relayed, "r"),
    ]
    /// The shortest of RFC 8445 §5.3, in the characters of RFC 8839 §5.4.
    static let fragmentLength = 4
    static let passwordLength = 22

    static func encode(_ list: CandidateList, _ identities: inout Identities) -> [UInt8] {
      var writer = ByteWriter(capacity: list.encodedLength)
      writer.append(#"{"ufrag":""#)
      writer.append(identities.characters(of: list.fragment, count: fragmentLength, as: "ufrag"))
      writer.append(#"","pwd":""#)
      writer.append(identities.characters(of: list.password, count: passwordLength, as: "password"))
      writer.append(#"","candidates":["#)
      for (row, candidate) in list.candidates.enumerated() { line(candidate, last: row + 1 == list.candidates.count, &writer) }
      writer.append("\n]")
      if !list.terms.allowsHost { writer.append(#","directUDP":2"#) }
      if !list.terms.allowsReflexive { writer.append(#","publicUDP":2"#) }
      if let ports = list.terms.clientPorts {
        writer.append(#","clientPort":["#)
        writer.append(padded(String(ports.lowerBound)))
        writer.append(",")
        writer.append(padded(String(ports.count)))
        writer.append("]")
      }
      writer.append("}")
      return secured(0, writer.bytes)
    }

    private static func padded(_ number: String) -> String { String(repeating: " ", count: 5 - number.utf8.count) + number }

    /// `["s 203.0.113.7 51234…","…"],`: type and endpoint to read, and base, priority and foundation in base64.
    private static func line(_ candidate: CandidateDescription, last: Bool, _ writer: inout ByteWriter) {
      let letter = letters.first { $0.0 == candidate.type }?.1 ?? "h"
      let text = "\(letter) \(candidate.endpoint.address) \(candidate.endpoint.port)"
      var rest = ByteWriter(capacity: 30)
      rest.big(candidate.base.address.high)
      rest.big(candidate.base.address.low)
      rest.big(candidate.base.port)
      rest.big(candidate.priority)
      rest.big(candidate.foundation)
      writer.append("\n[\"")
      writer.append(text)
      writer.fill(UInt8(ascii: " "), count: 47 - text.utf8.count)
      writer.append("\",\"")
      writer.append(Base64.encode(rest.bytes))
      writer.append(last ? "\"] " : "\"],")
    }

    static func decode(_ reader: inout ByteReader, _ identities: inout Identities) throws(CodecError) -> CandidateList {
      try reader.expect(exactly: #"{"ufrag":""#.utf8, "candidates")
      let fragment = identities.secret(of: try reader.take(fragmentLength, "ICE fragment"))
      try reader.expect(exactly: #"","pwd":""#.utf8, "candidates")
      let password = identities.secret(of: try reader.take(passwordLength, "ICE password"))
      try reader.expect(exactly: #"","candidates":["#.utf8, "candidates")
      var list = CandidateList(fragment: fragment, password: password, candidates: [])
      while !reader.accept("\n]") {
        var field = try reader.part(CandidateDescription.encodedLength, "candidate")
        list.candidates.append(try candidate(&field))
      }
      list.terms.allowsHost = !reader.accept(#","directUDP":2"#)
      list.terms.allowsReflexive = !reader.accept(#","publicUDP":2"#)
      if reader.accept(#","clientPort":["#) {
        let first = UInt64(try number(&reader, "client ports"))
        try reader.expect(exactly: ",".utf8, "client ports")
        let count = UInt64(try number(&reader, "client ports"))
        try reader.expect(exactly: "]".utf8, "client ports")
        guard count > 0, first + count <= 65_536 else { throw .invalid(field: "client ports", value: count) }
        list.terms.clientPorts = UInt16(first)...UInt16(first + count - 1)
      }
      try reader.expect(exactly: "}".utf8, "candidates")
      return list
    }

    private static func number(_ reader: inout ByteReader, _ what: String) throws(CodecError) -> UInt32 {
      let text = try reader.take(5, what)
      let digits = text.drop { $0 == UInt8(ascii: " ") }
      guard let value = UInt32(String(decoding: digits, as: UTF8.self)) else {
        throw .invalid(field: what, value: UInt64(text.first ?? 0))
      }
      return value
    }

    private static func candidate(_ reader: inout ByteReader) throws(CodecError) -> CandidateDescription {
      try reader.expect(exactly: "\n[\"".utf8, "candidate")
      var field = try reader.part(47, "candidate")
      let letter = try field.byte("candidate type")
      guard let type = letters.first(where: { $0.1.asciiValue == letter })?.0 else {
        throw .invalid(field: "candidate type", value: UInt64(letter))
      }
      try field.expect(exactly: " ".utf8, "candidate")
      let text = String(decoding: field.rest(), as: UTF8.self)
      let written = try endpoint(text, "candidate")
      try reader.expect(exactly: "\",\"".utf8, "candidate")
      var rest = ByteReader(try Base64.decode(reader.take(40, "candidate"), "candidate"))
      let base = IPAddress(
        high: try rest.big(UInt64.self, "candidate base"), low: try rest.big(UInt64.self, "candidate base"))
      let port = try rest.big(UInt16.self, "candidate base")
      let priority = try rest.big(UInt32.self, "candidate priority")
      let foundation = try rest.big(UInt64.self, "candidate foundation")
      try reader.expect(exactly: "\"]".utf8, "candidate")
      let separator = try reader.byte("candidate separator")
      guard separator == UInt8(ascii: ",") || separator == UInt8(ascii: " ") else {
        throw .invalid(field: "candidate separator", value: UInt64(separator))
      }
      return CandidateDescription(
        type: type, endpoint: written, base: Endpoint(base, port), priority: priority, foundation: foundation)
    }
  }

  /// `address port`, with spaces after it.
  private static func endpoint(_ text: String, _ what: String) throws(CodecError) -> Endpoint {
    let words = text.split(separator: " ")
    guard words.count == 2, let address = IPAddress(words[0]), let port = UInt16(words[1]) else {
      throw .invalid(field: "\(what)'s endpoint", value: UInt64(words.count))
    }
    return Endpoint(address, port)
  }

  /// Base64 (RFC 4648 §4) of whole triples, which needs no padding.
  enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// - Precondition: the count is a multiple of 3.
    static func encode(_ bytes: [UInt8]) -> [UInt8] {
      stride(from: 0, to: bytes.count, by: 3).flatMap { start in
        let word = UInt32(bytes[start]) << 16 | UInt32(bytes[start + 1]) << 8 | UInt32(bytes[start + 2])
        return [18, 12, 6, 0].map { alphabet[Int(word >> $0 & 63)] }
      }
    }

    static func decode(_ text: ArraySlice<UInt8>, _ what: String) throws(CodecError) -> [UInt8] {
      var bytes: [UInt8] = []
      var word: UInt32 = 0
      for (row, character) in text.enumerated() {
        guard let value = alphabet.firstIndex(of: character) else {
          throw .invalid(field: "base64 of \(what)", value: UInt64(character))
        }
        word = word << 6 | UInt32(value)
        if row % 4 == 3 { bytes += [UInt8(word >> 16 & 0xFF), UInt8(word >> 8 & 0xFF), UInt8(word & 0xFF)] }
      }
      return bytes
    }
  }
}

extension ByteReader {
  /// Takes this text when it stands next.
  fileprivate mutating func accept(_ text: String) -> Bool {
    var ahead = self
    guard let found = try? ahead.take(text.utf8.count, ""), found.elementsEqual(text.utf8) else { return false }
    self = ahead
    return true
  }

  /// The text before the next `end`, which is taken too.
  fileprivate mutating func text(upTo end: Unicode.Scalar, _ what: String) throws(CodecError) -> String {
    var bytes: [UInt8] = []
    while true {
      let byte = try byte(what)
      if byte == UInt8(ascii: end) { return String(decoding: bytes, as: UTF8.self) }
      bytes.append(byte)
    }
  }

  /// Demands that only spaces are left.
  fileprivate mutating func spaces(_ what: String) throws(CodecError) {
    while !isAtEnd { try expect(exactly: " ".utf8, what) }
  }
}
