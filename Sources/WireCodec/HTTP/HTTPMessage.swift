// HTTP/1.1 messages (RFC 9112): a start line, fields and a body whose length they tell.

/// A request or a response.
public struct HTTPMessage: Hashable, Sendable {
  public enum Start: Hashable, Sendable {
    case request(method: String, target: String)
    case response(status: Int, reason: String)
  }

  public struct Field: Hashable, Sendable {
    public var name: String
    public var value: String
    public init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  public var start: Start
  public var fields: [Field]
  public var body: [UInt8]
  public init(_ start: Start, fields: [Field] = [], body: [UInt8] = []) {
    self.start = start
    self.fields = fields
    self.body = body
  }

  /// The first value of a field, whose name has no case (RFC 9110 §5.1).
  public subscript(name: String) -> String? { fields.first { $0.name.lowercased() == name.lowercased() }?.value }

  /// Whether a field's list names a token, in any case.
  func lists(_ token: String, in name: String) -> Bool {
    (self[name] ?? "").split(separator: ",").contains { $0.trimmed.lowercased() == token }
  }

  // MARK: Writing

  public var bytes: [UInt8] {
    var writer = ByteWriter()
    switch start {
    case .request(let method, let target): writer.append("\(method) \(target) HTTP/1.1\r\n")
    case .response(let status, let reason): writer.append("HTTP/1.1 \(status) \(reason)\r\n")
    }
    for field in fields { writer.append("\(field.name): \(field.value)\r\n") }
    writer.append("\r\n")
    writer.append(body)
    return writer.bytes
  }

  /// The bytes, made `total` by a cookie that a load balancer would have set; more when they are that many without it.
  func bytes(filledTo total: Int, seed: UInt64, key: UInt64) -> [UInt8] {
    var whole = self
    let name =
      switch start {
      case .request: "Cookie"
      case .response: "Set-Cookie"
      }
    whole.fields.append(Field(name, "ARRAffinity="))
    let filler = Filler.text(seed: seed, key: key, count: total - whole.bytes.count)
    whole.fields[whole.fields.count - 1].value += filler
    return whole.bytes
  }

  // MARK: Reading

  /// Longest head taken (*assumed*: servers stop at 8 to 64 kB).
  static let maximumHead = 65_536

  /// The message at the front of `bytes`, with the number of bytes it takes; `nil` while it is not whole.
  /// - Parameters:
  ///   - answersConnect: after CONNECT a 2xx response has no body (RFC 9110 §9.3.6).
  ///   - isEnd: no more will come, which ends a response of untold length (RFC 9112 §6.3).
  static func read(
    _ bytes: ArraySlice<UInt8>, answersConnect: Bool = false, isEnd: Bool = false
  ) throws(CodecError) -> (message: HTTPMessage, count: Int)? {
    guard let first = bytes.first else { return nil }
    guard isToken(first) else { throw .invalid(field: "HTTP start line", value: UInt64(first)) }
    guard let end = headEnd(bytes) else {
      guard bytes.count <= maximumHead else { throw .unsupported(what: "length of an HTTP head", value: UInt64(bytes.count)) }
      return nil
    }
    guard end - bytes.startIndex <= maximumHead else {
      throw .unsupported(what: "length of an HTTP head", value: UInt64(end - bytes.startIndex))
    }
    var lines = try split(bytes[bytes.startIndex..<end - 4])
    var message = HTTPMessage(try startLine(lines.removeFirst()))
    for line in lines { message.fields.append(try field(line)) }
    let available = bytes.endIndex - end
    guard let length = try message.bodyLength(answersConnect: answersConnect) ?? (isEnd ? available : nil), length <= available
    else { return nil }
    message.body = Array(bytes[end..<end + length])
    return (message, end - bytes.startIndex + length)
  }

  /// RFC 9112 §6.3; `nil`: up to the end of the stream.
  private func bodyLength(answersConnect: Bool) throws(CodecError) -> Int? {
    guard self["Transfer-Encoding"] == nil else { throw .unsupported(what: "transfer encoding", value: 0) }
    if case .response(let status, _) = start {
      if status < 200 || status == 204 || status == 304 || answersConnect && status < 300 { return 0 }
    }
    var length: Int?
    for field in fields where field.name.lowercased() == "content-length" {
      guard !field.value.isEmpty, field.value.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let value = Int(field.value),
        value <= 1 << 40, length == nil || length == value
      else { throw .invalid(field: "Content-Length", value: UInt64(field.value.utf8.count)) }
      length = value
    }
    if case .request = start { return length ?? 0 }
    return length
  }

  /// The index after the empty line.
  private static func headEnd(_ bytes: ArraySlice<UInt8>) -> Int? {
    var index = bytes.startIndex + 3
    while index < bytes.endIndex {
      if bytes[index] == 0x0A, bytes[index - 1] == 0x0D, bytes[index - 2] == 0x0A, bytes[index - 3] == 0x0D { return index + 1 }
      index += 1
    }
    return nil
  }

  /// Lines end with CR LF and hold neither alone (RFC 9112 §2.2 lets a reader be as strict).
  private static func split(_ head: ArraySlice<UInt8>) throws(CodecError) -> [ArraySlice<UInt8>] {
    var lines: [ArraySlice<UInt8>] = []
    var start = head.startIndex
    var index = start
    while index < head.endIndex {
      if head[index] == 0x0D, index + 1 < head.endIndex, head[index + 1] == 0x0A {
        lines.append(head[start..<index])
        start = index + 2
        index = start
        continue
      }
      guard head[index] >= 0x20 || head[index] == 0x09, head[index] != 0x7F else {
        throw .invalid(field: "HTTP head", value: UInt64(head[index]))
      }
      index += 1
    }
    lines.append(head[start...])
    return lines
  }

  private static func startLine(_ line: ArraySlice<UInt8>) throws(CodecError) -> Start {
    let parts = line.split(separator: 0x20, maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3 else { throw .invalid(field: "HTTP start line", value: UInt64(parts.count)) }
    func text(_ part: ArraySlice<UInt8>) -> String { String(decoding: part, as: UTF8.self) }
    if let version = version(parts[0]) {
      guard version, parts[1].count == 3, parts[1].allSatisfy({ (0x30...0x39).contains($0) }), let status = Int(text(parts[1])),
        (100...599).contains(status)
      else { throw .invalid(field: "HTTP status line", value: UInt64(parts[1].count)) }
      return .response(status: status, reason: text(parts[2]))
    }
    guard !parts[0].isEmpty, parts[0].allSatisfy(isToken), !parts[1].isEmpty, version(parts[2]) == true else {
      throw .invalid(field: "HTTP request line", value: UInt64(line.count))
    }
    return .request(method: text(parts[0]), target: text(parts[1]))
  }

  /// Whether it is a version at all, and then whether it is 1.0 or 1.1.
  private static func version(_ part: ArraySlice<UInt8>) -> Bool? {
    guard part.starts(with: Array("HTTP/".utf8)) else { return nil }
    return part.elementsEqual("HTTP/1.1".utf8) || part.elementsEqual("HTTP/1.0".utf8)
  }

  private static func field(_ line: ArraySlice<UInt8>) throws(CodecError) -> Field {
    guard let colon = line.firstIndex(of: 0x3A), colon > line.startIndex, line[..<colon].allSatisfy(isToken) else {
      throw .invalid(field: "HTTP field", value: UInt64(line.first ?? 0))
    }
    let value = String(decoding: line[(colon + 1)...], as: UTF8.self)
    return Field(String(decoding: line[..<colon], as: UTF8.self), value.trimmed)
  }

  /// RFC 9110 §5.6.2.
  private static func isToken(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
    default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
  }
}

extension StringProtocol {
  /// Without spaces and tabs at either end (RFC 9110 §5.6.3).
  var trimmed: String {
    let isSpace = { (byte: UInt8) in byte == 0x20 || byte == 0x09 }
    let head = utf8.drop(while: isSpace)
    let tail = head.reversed().drop(while: isSpace)
    return String(decoding: Array(tail).reversed(), as: UTF8.self)
  }
}

/// Takes a stream's bytes in any pieces and gives its messages.
public struct HTTPReader: Sendable {
  private var buffer = StreamBuffer()
  /// After CONNECT a 2xx response has no body.
  public var answersConnect: Bool
  public init(answersConnect: Bool = false) { self.answersConnect = answersConnect }

  /// Bytes that belong to no whole message yet, or to whatever follows an upgrade or an opened tunnel.
  public var waiting: Int { buffer.count }

  public mutating func append(_ bytes: some Sequence<UInt8>) { buffer.append(bytes) }

  /// The next whole message; `nil` while there is none.
  /// - Parameter isEnd: the stream has ended: a response of untold length has all its body.
  public mutating func next(isEnd: Bool = false) throws(CodecError) -> HTTPMessage? {
    guard let found = try HTTPMessage.read(buffer.waiting, answersConnect: answersConnect, isEnd: isEnd) else { return nil }
    _ = buffer.take(found.count)
    return found.message
  }

  /// What follows the messages: the stream belongs to another protocol from here on.
  public mutating func takeRest() -> [UInt8] { Array(buffer.take(buffer.count)) }
}
