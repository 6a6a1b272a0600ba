// TCP segments (RFC 9293) with the options of a handshake, as bytes and back.
public import Wire

/// The options of a SYN. All others have none.
public struct TCPOptions: Hashable, Sendable {
  /// The largest segment the sender takes (RFC 9293 §3.7.1); 536 when it says nothing.
  public var maximumSegment: UInt16?
  /// By how many bits the windows of this sender are shifted (RFC 7323 §2.2).
  public var windowScale: UInt8?
  /// RFC 2018 §2.
  public var permitsSACK = false

  public init(maximumSegment: UInt16? = nil, windowScale: UInt8? = nil, permitsSACK: Bool = false) {
    self.maximumSegment = maximumSegment
    self.windowScale = windowScale
    self.permitsSACK = permitsSACK
  }

  /// What our hosts' SYNs say. A scale of 3 is the smallest with which a window of 262,144 bytes, their receive buffer, can be told:
  /// a window is then exact to 8 bytes.
  public static func ofHosts(maximumSegment: UInt16) -> TCPOptions {
    TCPOptions(maximumSegment: maximumSegment, windowScale: 3, permitsSACK: true)
  }
}

/// A segment as it stands on the wire.
public struct TCPSegment: Hashable, Sendable {
  public var source: UInt16
  public var destination: UInt16
  public var sequence: UInt32
  public var acknowledgement: UInt32
  public var flags: TCPFlags
  /// The window field: not yet shifted.
  public var window: UInt16
  public var options: TCPOptions
  public var payload: [UInt8]

  /// The fields as the simulator has them.
  /// - Parameter scale: what the sender's SYN said; a SYN's own window is never shifted.
  public func header(scale: UInt8) -> TCPHeader {
    TCPHeader(
      sequence: sequence, acknowledgement: acknowledgement,
      window: flags.contains(.syn) ? UInt32(window) : UInt32(window) << UInt32(min(scale, 14)),
      length: UInt16(truncatingIfNeeded: payload.count), flags: flags)
  }
}

enum TCPCodec {
  /// RFC 7323 §2.2: the window of a SYN is as it is, all others are shifted. Rounded down, for a receiver must not promise more than it
  /// has; what is below the scale's grain is lost.
  static func windowField(_ header: TCPHeader, scale: UInt8) -> UInt16 {
    UInt16(clamping: header.flags.contains(.syn) ? header.window : header.window >> UInt32(min(scale, 14)))
  }

  /// A segment without its checksum, whose place is at offset 16.
  static func encode(
    _ header: TCPHeader, from source: UInt16, to destination: UInt16, options: TCPOptions, payload: [UInt8]
  ) -> [UInt8] {
    let isSyn = header.flags.contains(.syn)
    var out = ByteWriter(capacity: 32 + payload.count)
    out.big(source)
    out.big(destination)
    out.big(header.sequence)
    out.big(header.acknowledgement)
    // The length in words, in the upper half of the byte.
    out.big(UInt8(truncatingIfNeeded: (HeaderLength.tcp + (isSyn ? HeaderLength.tcpSynOptions : 0)) * 4))
    out.big(header.flags.rawValue)
    out.big(windowField(header, scale: options.windowScale ?? 0))
    out.big(UInt16(0))
    out.big(UInt16(0))
    if isSyn {
      // Twelve bytes whatever is said: NOPs stand for what is not, and in front of the scale and SACK-permitted, as Windows puts them.
      if let segment = options.maximumSegment {
        out.append([2, 4] + [UInt8(segment >> 8), UInt8(segment & 0xFF)])
      } else {
        nops(4)
      }
      if let scale = options.windowScale { out.append([1, 3, 3, scale]) } else { nops(4) }
      if options.permitsSACK { out.append([1, 1, 4, 2]) } else { nops(4) }
    }
    func nops(_ count: Int) { out.fill(1, count: count) }
    out.append(payload)
    return out.bytes
  }

  static func decode(_ bytes: ArraySlice<UInt8>) throws(CodecError) -> TCPSegment {
    var reader = ByteReader(bytes)
    let source = try reader.big(UInt16.self, "TCP header")
    let destination = try reader.big(UInt16.self, "TCP header")
    let sequence = try reader.big(UInt32.self, "TCP header")
    let acknowledgement = try reader.big(UInt32.self, "TCP header")
    let headerLength = Int(try reader.byte("TCP header") >> 4) * 4
    let flags = TCPFlags(rawValue: try reader.byte("TCP header"))
    let window = try reader.big(UInt16.self, "TCP header")
    // Checksum and urgent pointer.
    try reader.skip(4, "TCP header")
    guard headerLength >= HeaderLength.tcp else { throw .invalid(field: "TCP header length", value: UInt64(headerLength)) }
    let options = try readOptions(reader.part(headerLength - HeaderLength.tcp, "TCP options"))
    return TCPSegment(
      source: source, destination: destination, sequence: sequence, acknowledgement: acknowledgement, flags: flags,
      window: window, options: options, payload: Array(reader.rest()))
  }

  private static func readOptions(_ bytes: ByteReader) throws(CodecError) -> TCPOptions {
    var reader = bytes
    var options = TCPOptions()
    while !reader.isAtEnd {
      let kind = try reader.byte("TCP option")
      if kind == 0 { break }
      if kind == 1 { continue }
      let length = Int(try reader.byte("TCP option"))
      guard length >= 2 else { throw .invalid(field: "TCP option length", value: UInt64(length)) }
      var value = try reader.part(length - 2, "TCP option")
      switch (kind, length) {
      case (2, 4): options.maximumSegment = try value.big(UInt16.self, "maximum segment size")
      case (3, 3): options.windowScale = try value.byte("window scale")
      case (4, 2): options.permitsSACK = true
      case (2, _), (3, _), (4, _): throw .invalid(field: "TCP option \(kind)'s length", value: UInt64(length))
      default: break
      }
    }
    return options
  }
}
