// Upper PDUs as Wireshark's "Export PDUs" keeps them (link type 252): tags that name the dissector and the conversation, then the PDU.
public import Wire

/// What travels inside other layers, under the name of the dissector that reads it.
public struct ExportedPDU: Hashable, Sendable {
  /// Wireshark's name of a dissector, such as `tpkt`.
  public var dissector: String
  public var source: Endpoint
  public var destination: Endpoint
  /// Of the ports: `.tcp` or `.udp`.
  public var proto: TransportProtocol
  public var bytes: [UInt8]
  public init(dissector: String, source: Endpoint, destination: Endpoint, proto: TransportProtocol, bytes: [UInt8]) {
    self.dissector = dissector
    self.source = source
    self.destination = destination
    self.proto = proto
    self.bytes = bytes
  }

  /// Tags (Wireshark, `epan/exported_pdu.h`): each has two bytes of type and of length, and is padded to four.
  private enum Tag {
    static let end: UInt16 = 0
    static let dissector: UInt16 = 12
    static let sourceV4: UInt16 = 20
    static let destinationV4: UInt16 = 21
    static let sourceV6: UInt16 = 22
    static let destinationV6: UInt16 = 23
    static let portType: UInt16 = 24
    static let sourcePort: UInt16 = 25
    static let destinationPort: UInt16 = 26
  }
  /// `PT_TCP` and `PT_UDP` there.
  private static let tcp: UInt32 = 2
  private static let udp: UInt32 = 3

  public func encoded() -> [UInt8] {
    var out = ByteWriter(capacity: bytes.count + 64)
    func tag(_ type: UInt16, _ value: [UInt8]) {
      out.big(type)
      out.big(UInt16(truncatingIfNeeded: (value.count + 3) / 4 * 4))
      out.append(value)
      out.fill(count: (4 - value.count % 4) % 4)
    }
    func number(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) } }
    func address(_ address: IPAddress) -> [UInt8] {
      var out = ByteWriter()
      if address.isV4 { out.big(UInt32(truncatingIfNeeded: address.low)) } else { out.big(address.high) }
      if !address.isV4 { out.big(address.low) }
      return out.bytes
    }
    let isV4 = source.address.isV4
    tag(Tag.dissector, Array(dissector.utf8))
    tag(isV4 ? Tag.sourceV4 : Tag.sourceV6, address(source.address))
    tag(isV4 ? Tag.destinationV4 : Tag.destinationV6, address(destination.address))
    tag(Tag.portType, number(proto == .udp ? Self.udp : Self.tcp))
    tag(Tag.sourcePort, number(UInt32(source.port)))
    tag(Tag.destinationPort, number(UInt32(destination.port)))
    tag(Tag.end, [])
    out.append(bytes)
    return out.bytes
  }

  /// Reads one back; tags that are not known are passed over.
  public init(_ bytes: ArraySlice<UInt8>) throws(CodecError) {
    var reader = ByteReader(bytes)
    var (name, from, to) = ("", Endpoint.none, Endpoint.none)
    var proto = TransportProtocol.tcp
    while true {
      let type = try reader.big(UInt16.self, "PDU tag")
      let length = Int(try reader.big(UInt16.self, "PDU tag"))
      if type == Tag.end { break }
      var value = try reader.part(length, "PDU tag")
      switch type {
      case Tag.dissector: name = String(decoding: value.rest().prefix { $0 != 0 }, as: UTF8.self)
      case Tag.sourceV4: from.address = IPAddress(v4: try value.big(UInt32.self, "PDU address"))
      case Tag.destinationV4: to.address = IPAddress(v4: try value.big(UInt32.self, "PDU address"))
      case Tag.sourceV6:
        from.address = IPAddress(
          high: try value.big(UInt64.self, "PDU address"), low: try value.big(UInt64.self, "PDU address"))
      case Tag.destinationV6:
        to.address = IPAddress(
          high: try value.big(UInt64.self, "PDU address"), low: try value.big(UInt64.self, "PDU address"))
      case Tag.portType: proto = try value.big(UInt32.self, "PDU port type") == Self.udp ? .udp : .tcp
      case Tag.sourcePort: from.port = UInt16(truncatingIfNeeded: try value.big(UInt32.self, "PDU port"))
      case Tag.destinationPort: to.port = UInt16(truncatingIfNeeded: try value.big(UInt32.self, "PDU port"))
      default: break
      }
    }
    self.init(dissector: name, source: from, destination: to, proto: proto, bytes: Array(reader.rest()))
  }
}
