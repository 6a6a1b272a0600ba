// Dynamic virtual channels (MS-RDPEDYC §2.2): their data in pieces, and Soft-Sync. On the base connection their PDUs travel in the static
// channel `drdynvc`, on a tunnel in its data PDUs.
import Wire

extension RDPCodec {
  enum DynamicChannels {
    /// Cmd, in the high four bits of the first byte; the low ones say how wide the channel's id and the length are.
    enum Command: UInt8 {
      case dataFirst = 2
      case data = 3
      case softSyncRequest = 8
      case softSyncResponse = 9
    }

    /// §2.2.3.2: up to here one DYNVC_DATA carries a whole message.
    static let largestWhole = 1590
    /// §3.1.5.1: no PDU is longer.
    static let largestPDU = 1600
    /// Ids as a server gives them to the session's channels in the order of their creation; the last is `channelsResume`'s (*assumed*).
    static func id(_ channel: VirtualChannel) -> UInt8 { channel.rawValue + 1 }
    static let resumeID = UInt8(VirtualChannel.allCases.count + 1)
    /// §2.2.5.1: flags of a Soft-Sync Request, with one of our own from the spare ones (*assumed*): reverse connect stays up.
    static let flushed: UInt16 = 1
    static let hasList: UInt16 = 2
    static let keepsBase: UInt16 = 0x8000
    /// TUNNELTYPE_UDPFECR.
    static let reliableTunnel: UInt32 = 1

    /// CHANNEL_FLAG_FIRST and CHANNEL_FLAG_LAST: a whole PDU in one chunk (MS-RDPBCGR §2.2.6.1.1).
    static let wholeChunk: UInt32 = 3

    /// A PDU as the static channel carries it.
    static func chunk(_ pdu: [UInt8], from sender: Sender) -> [UInt8] {
      var writer = ByteWriter(capacity: pdu.count + 8)
      writer.little(UInt32(pdu.count))
      writer.little(wholeChunk)
      writer.append(pdu)
      return MCS.send(writer.bytes, on: ChannelID.dynamic, from: sender)
    }

    static func unchunk(_ reader: inout ByteReader) throws(CodecError) -> ByteReader {
      let length = try reader.little(UInt32.self, "virtual channel length")
      let flags = try reader.little(UInt32.self, "virtual channel flags")
      guard flags & wholeChunk == wholeChunk else { throw .unsupported(what: "virtual channel chunk", value: UInt64(flags)) }
      guard reader.remaining == Int(length) else { throw .invalid(field: "virtual channel length", value: UInt64(length)) }
      return ByteReader(reader.rest())
    }

    // MARK: Data

    /// The PDUs that carry a message: its number in the first bytes, as far as there is room, and zeros.
    static func data(_ channel: VirtualChannel, length: UInt32, number: UInt32) -> [[UInt8]] {
      var header = ByteWriter()
      var pdus: [[UInt8]] = []
      var rest = Int(length)
      var content = ByteWriter()
      content.little(UInt64(number), bytes: min(4, rest))
      if rest > largestWhole {
        let isLong = length > 0xFFFF
        header.big(Command.dataFirst.rawValue << 4 | (isLong ? 2 : 1) << 2)
        header.big(id(channel))
        if isLong { header.little(length) } else { header.little(UInt16(length)) }
      } else {
        header.big(Command.data.rawValue << 4)
        header.big(id(channel))
      }
      repeat {
        let size = min(rest, largestPDU - header.count)
        header.append(content.bytes)
        header.fill(count: size - content.count)
        pdus.append(header.bytes)
        rest -= size
        header = ByteWriter()
        header.big(Command.data.rawValue << 4)
        header.big(id(channel))
        content = ByteWriter()
      } while rest > 0
      return pdus
    }

    /// A message whose pieces come in one by one.
    struct Assembly {
      let channel: UInt8
      let length: UInt32
      private var received: UInt64 = 0
      private var prefix: [UInt8] = []

      init(channel: UInt8, length: UInt32, first: ArraySlice<UInt8>) throws(CodecError) {
        self.channel = channel
        self.length = length
        try take(first)
      }

      var isWhole: Bool { received == length }

      private mutating func take(_ data: ArraySlice<UInt8>) throws(CodecError) {
        received += UInt64(data.count)
        guard received <= length else { throw .trailing(what: "channel message", count: Int(received - UInt64(length))) }
        prefix += data.prefix(4 - prefix.count)
      }

      mutating func add(_ pdu: ByteReader) throws(CodecError) {
        var pdu = pdu
        let header = try pdu.byte("DYNVC_DATA")
        guard header >> 4 == Command.data.rawValue else {
          throw .unsupported(what: "DVC PDU within a message", value: UInt64(header >> 4))
        }
        let id = try DynamicChannels.channel(header, &pdu)
        guard id == channel else { throw .invalid(field: "channel id within a message", value: UInt64(id)) }
        try take(pdu.rest())
      }

      var message: RDPMessage {
        get throws(CodecError) {
          guard let known = VirtualChannel.allCases.first(where: { DynamicChannels.id($0) == channel }) else {
            throw .unsupported(what: "dynamic channel", value: UInt64(channel))
          }
          let number = prefix.reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
          return .channelData(known, length: length, number: number)
        }
      }
    }

    enum Reading {
      case message(RDPMessage)
      /// More DYNVC_DATA follows.
      case first(Assembly)
    }

    static func decode(_ reader: inout ByteReader) throws(CodecError) -> Reading {
      let header = try reader.byte("DVC PDU")
      guard let command = Command(rawValue: header >> 4) else { throw .unsupported(what: "DVC PDU", value: UInt64(header >> 4)) }
      switch command {
      case .data:
        let id = try channel(header, &reader)
        if id == resumeID { return .message(try decodeResume(&reader)) }
        let assembly = try Assembly(channel: id, length: UInt32(reader.remaining), first: reader.rest())
        return .message(try assembly.message)
      case .dataFirst:
        let id = try channel(header, &reader)
        let width = try width(header >> 2, "DVC message length")
        let length = UInt32(try reader.little(bytes: width, "DVC message length"))
        let assembly = try Assembly(channel: id, length: length, first: reader.rest())
        return assembly.isWhole ? .message(try assembly.message) : .first(assembly)
      case .softSyncRequest: return .message(try decodeSoftSyncRequest(&reader))
      case .softSyncResponse: return .message(try decodeSoftSyncResponse(&reader))
      }
    }

    /// The width of a field by two bits (§2.2.3.1).
    private static func width(_ bits: UInt8, _ what: String) throws(CodecError) -> Int {
      guard bits & 3 != 3 else { throw .invalid(field: "width of \(what)", value: 3) }
      return 1 << Int(bits & 3)
    }

    private static func channel(_ header: UInt8, _ reader: inout ByteReader) throws(CodecError) -> UInt8 {
      let id = try reader.little(bytes: width(header, "channel id"), "channel id")
      guard let small = UInt8(exactly: id) else { throw .unsupported(what: "dynamic channel", value: id) }
      return small
    }

    // MARK: Soft-Sync

    static func softSyncRequest(keepsBase keeps: Bool) -> [UInt8] {
      var writer = ByteWriter()
      let channels = VirtualChannel.allCases
      writer.big(Command.softSyncRequest.rawValue << 4)
      writer.big(UInt8(0))
      // Length counts itself, flags, number of tunnels and the list: tunnel type, number of channels, their ids.
      writer.little(UInt32(4 + 2 + 2 + 4 + 2 + 4 * channels.count))
      writer.little(flushed | hasList | (keeps ? keepsBase : 0))
      writer.little(UInt16(1))
      writer.little(reliableTunnel)
      writer.little(UInt16(channels.count))
      for channel in channels { writer.little(UInt32(id(channel))) }
      return writer.bytes
    }

    private static func decodeSoftSyncRequest(_ reader: inout ByteReader) throws(CodecError) -> RDPMessage {
      try reader.skip(1, "Soft-Sync Request")
      try reader.expect(little: UInt32(truncatingIfNeeded: reader.remaining), "Soft-Sync length")
      let flags = try reader.little(UInt16.self, "Soft-Sync flags")
      guard flags & flushed != 0, flags & ~(flushed | hasList | keepsBase) == 0 else {
        throw .invalid(field: "Soft-Sync flags", value: UInt64(flags))
      }
      let tunnels = try reader.little(UInt16.self, "Soft-Sync tunnels")
      if flags & hasList != 0 {
        for _ in 0..<tunnels {
          try reader.skip(4, "Soft-Sync tunnel")
          try reader.skip(4 * Int(reader.little(UInt16.self, "Soft-Sync channels")), "Soft-Sync channels")
        }
      }
      try reader.end(of: "Soft-Sync Request")
      return .softSyncRequest(keepsBase: flags & keepsBase != 0)
    }

    static func softSyncResponse() -> [UInt8] {
      var writer = ByteWriter()
      writer.big(Command.softSyncResponse.rawValue << 4)
      writer.big(UInt8(0))
      writer.little(UInt32(1))
      writer.little(reliableTunnel)
      return writer.bytes
    }

    private static func decodeSoftSyncResponse(_ reader: inout ByteReader) throws(CodecError) -> RDPMessage {
      try reader.skip(1, "Soft-Sync Response")
      let tunnels = UInt64(try reader.little(UInt32.self, "Soft-Sync tunnels"))
      guard tunnels * 4 == UInt64(reader.remaining) else { throw .invalid(field: "Soft-Sync tunnels", value: tunnels) }
      return .softSyncResponse
    }

    // MARK: Resumption

    /// The next number of each channel, as data of a channel of ours (*assumed*).
    static func resume(_ positions: ChannelPositions) -> [UInt8] {
      var writer = ByteWriter()
      writer.big(Command.data.rawValue << 4)
      writer.big(resumeID)
      for channel in VirtualChannel.allCases { writer.little(positions[channel]) }
      return writer.bytes
    }

    private static func decodeResume(_ reader: inout ByteReader) throws(CodecError) -> RDPMessage {
      var positions = ChannelPositions()
      for channel in VirtualChannel.allCases { positions[channel] = try reader.little(UInt32.self, "channel position") }
      try reader.end(of: "channel positions")
      return .channelsResume(positions)
    }
  }
}
