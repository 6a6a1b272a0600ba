// Addresses as people write them (RFC 791 dotted quads, RFC 5952 for IPv6), to and from text.

extension IPAddress: CustomStringConvertible {
  public var description: String {
    if isV4 { return "\(v4 >> 24).\(v4 >> 16 & 255).\(v4 >> 8 & 255).\(v4 & 255)" }
    let groups = (0..<8).map { UInt16(truncatingIfNeeded: ($0 < 4 ? high : low) >> UInt64(48 - 16 * ($0 % 4))) }
    var best = 0..<0
    var start = 0
    while start < 8 {
      var end = start
      while end < 8, groups[end] == 0 { end += 1 }
      if end - start > max(best.count, 1) { best = start..<end }
      start = max(end, start + 1)
    }
    func text(_ range: Range<Int>) -> String {
      groups[range].map { String($0, radix: 16) }.joined(separator: ":")
    }
    return best.isEmpty ? text(0..<8) : text(0..<best.lowerBound) + "::" + text(best.upperBound..<8)
  }

  /// Parses a dotted quad or an RFC 4291 §2.2 IPv6 text (without zone or embedded IPv4); `nil` when it is neither.
  public init?(_ text: some StringProtocol) {
    if text.contains(":") { self.init(v6Text: text) } else { self.init(v4Text: text) }
  }

  private init?(v4Text text: some StringProtocol) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    var word: UInt32 = 0
    for part in parts {
      guard (1...3).contains(part.count), part.allSatisfy({ $0.isASCII && $0.isNumber }), let byte = UInt8(part),
        part.count == 1 || part.first != "0"
      else { return nil }
      word = word << 8 | UInt32(byte)
    }
    self.init(v4: word)
  }

  private init?(v6Text text: some StringProtocol) {
    func groups(_ part: some StringProtocol) -> [UInt16]? {
      if part.isEmpty { return [] }
      var words: [UInt16] = []
      for group in part.split(separator: ":", omittingEmptySubsequences: false) {
        guard (1...4).contains(group.count), group.allSatisfy(\.isHexDigit), let word = UInt16(group, radix: 16) else {
          return nil
        }
        words.append(word)
      }
      return words
    }
    var all: [UInt16]
    var gap: Int?
    let characters = Array(text)
    for i in characters.indices.dropLast() where characters[i] == ":" && characters[i + 1] == ":" {
      if gap != nil { return nil }
      gap = i
    }
    if let gap {
      guard let head = groups(String(characters[..<gap])), let tail = groups(String(characters[(gap + 2)...])),
        head.count + tail.count < 8
      else { return nil }
      all = head + Array(repeating: 0, count: 8 - head.count - tail.count) + tail
    } else {
      guard let words = groups(text), words.count == 8 else { return nil }
      all = words
    }
    func join(_ range: Range<Int>) -> UInt64 { all[range].reduce(0) { $0 << 16 | UInt64($1) } }
    self.init(high: join(0..<4), low: join(4..<8))
  }
}

extension IPPrefix: CustomStringConvertible {
  public var description: String { "\(address)/\(writtenLength)" }

  /// Parses `address/length`; `nil` when either part is wrong or host bits are set.
  public init?(_ text: some StringProtocol) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let address = IPAddress(parts[0]), let bits = Int(parts[1]), bits >= 0,
      bits <= (address.isV4 ? 32 : 128)
    else { return nil }
    self.init(address, length: address.isV4 ? bits + 96 : bits)
    if self.address != address { return nil }
  }
}

extension Endpoint: CustomStringConvertible {
  public var description: String { address.isV4 ? "\(address):\(port)" : "[\(address)]:\(port)" }
}
