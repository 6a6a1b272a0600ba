// A packet of the simulated network as the bytes it has on the wire, wherever it is seen.
import NetworkModel
import SimulationKernel
import Trace
import Wire
import WireCodec

/// Remembers of each connection what its packets leave out: where its numbers begin, what its SYN said.
struct PacketBytes {
  var identities: Identities
  var contents = StreamContents()

  private struct TCPStart {
    var initialSequence: UInt32
    var options: TCPOptions
  }
  private var starts: [StreamID: TCPStart] = [:]

  /// One end of an RDP-UDP connection.
  private struct Flow {
    var initialSequence: UInt32
    /// Numbers of the pieces of its stream, by where they begin (ChannelSeqNum).
    var numbers: [UInt64: UInt16] = [:]
    /// When its packets came to their end, by their numbers.
    var arrivals: [UInt64: SimTime] = [:]
    var peer: StreamID?
  }
  private var flows: [StreamID: Flow] = [:]
  /// The client's side of each conversation that has RDP-UDP in it.
  private var opened: [UInt32: StreamID] = [:]

  /// Numbers of ESP packets, by the outer packets' luck, and the last of each direction.
  private var outer: [UInt64: UInt32] = [:]
  private var lastOuter: [Secret: [Bool: UInt32]] = [:]
  /// The tunnel's own addresses, as its clients' greetings say them.
  private var innerAddresses: [Secret: IPAddress] = [:]

  init(identities: Identities) { self.identities = identities }

  /// Where a TCP segment's bytes begin in its stream.
  func offset(of packet: Packet) -> UInt64? {
    starts[packet.stream].map { UInt64(packet.tcp.sequence &- $0.initialSequence &- 1) }
  }

  /// Takes note of what later packets rest on. Every packet is shown, whether its bytes are wanted or not.
  /// - Parameter mtu: of the interface where it is seen.
  mutating func learn(_ packet: Packet, leavingBy mtu: Int?, in network: Network) {
    switch packet.proto {
    case .tcp:
      guard packet.tcp.flags.contains(.syn), packet.stream != .none, starts[packet.stream] == nil else { return }
      let headers = HeaderLength.ip(packet.source.address) + HeaderLength.tcp
      starts[packet.stream] = TCPStart(
        initialSequence: packet.tcp.sequence,
        options: .ofHosts(maximumSegment: UInt16(clamping: min(mtu ?? 1500, 1500) - headers)))
      contents.name(packet.stream, connection(of: packet, in: network))
    case .udp:
      switch network.message(packet.payload) {
      case .rdpUDP(let datagram)?: learn(datagram, packet, in: network)
      case .tunnel(.hello(let key, let inner))?: innerAddresses[key] = inner
      default: break
      }
    case .icmp: break
    }
  }

  private mutating func learn(_ datagram: RDPUDPDatagram, _ packet: Packet, in network: Network) {
    let connection = connection(of: packet, in: network)
    if flows[datagram.stream] == nil {
      let isClient = if case .syn = datagram.kind { true } else { false }
      flows[datagram.stream] = Flow(initialSequence: UInt32(truncatingIfNeeded: mix(connection.id, isClient ? 3 : 4)))
      contents.name(datagram.stream, connection)
      if isClient {
        opened[packet.conversation.index] = datagram.stream
      } else if let client = opened[packet.conversation.index] {
        flows[client]?.peer = datagram.stream
        flows[datagram.stream]?.peer = client
      }
    }
    if case .data(let slice) = datagram.kind, let known = flows[datagram.stream]?.numbers, known[slice.start] == nil {
      flows[datagram.stream]?.numbers[slice.start] = UInt16(truncatingIfNeeded: known.count)
    }
  }

  /// A datagram came to its end: acknowledgements of it say when.
  mutating func arrived(_ datagram: RDPUDPDatagram, at time: SimTime) {
    flows[datagram.stream]?.arrivals[datagram.sequence] = time
  }

  private func connection(of packet: Packet, in network: Network) -> Secret {
    Secret(id: network.recorder.conversations[Int(packet.conversation.index)].key)
  }

  // MARK: Bytes

  /// The whole packet, from its IP header on.
  mutating func bytes(of packet: Packet, in network: Network) -> [UInt8] {
    let headers = HeaderLength.ip(packet.source.address)
    switch packet.proto {
    case .tcp:
      var payload: [UInt8] = []
      if packet.tcp.length > 0 {
        let start = offset(of: packet) ?? 0
        let slice = StreamSlice(stream: packet.stream, start: start, end: start + UInt64(packet.tcp.length))
        payload = contents.bytes(of: slice, identities: &identities)
      }
      return PacketCodec.encode(packet, payload: payload, options: starts[packet.stream]?.options)
    case .udp:
      let length = Int(packet.length) - headers - HeaderLength.udp
      return PacketCodec.encode(packet, payload: fitted(datagram(packet, in: network), to: length))
    case .icmp:
      return PacketCodec.encode(packet, payload: fitted(icmp(packet, in: network), to: Int(packet.length) - headers))
    }
  }

  private func fitted(_ bytes: [UInt8], to length: Int) -> [UInt8] {
    assert(bytes.count == length, "\(bytes.count) bytes where the packet has \(length)")
    return bytes.count == length ? bytes : Array((bytes + Array(repeating: 0, count: max(0, length))).prefix(length))
  }

  private mutating func icmp(_ packet: Packet, in network: Network) -> [UInt8] {
    switch network.message(packet.payload) {
    case .echo(let echo)?:
      let identifier = echo.isReply ? packet.destination.port : packet.source.port
      return ICMPCodec.encode(echo, identifier: identifier, v4: packet.source.address.isV4)
    case .icmp(let error)?: return ICMPCodec.encode(error)
    default: return []
    }
  }

  private mutating func datagram(_ packet: Packet, in network: Network) -> [UInt8] {
    guard let message = network.message(packet.payload) else { return [] }
    switch message {
    case .rdpUDP(let datagram): return bytes(of: datagram)
    case .tunnel(.inner(let slot, _, let key)) where slot != .max:
      let inner = network.packet(in: slot)
      let isReturn = innerAddresses[key].map { $0 != inner.source.address } ?? false
      return TunnelCodec.encode(
        .inner(slot: slot, length: inner.length, key: key), carrying: bytes(of: inner, in: network),
        sequence: number(of: packet, in: key, isReturn), isReturn: isReturn, &identities)
    default:
      let connection = connection(of: packet, in: network)
      return contents.bytes(of: message, at: packet.luck, on: connection, by: .client, identities: &identities)
    }
  }

  /// ESP's sequence number of an outer packet, the same wherever it is seen.
  private mutating func number(of packet: Packet, in key: Secret, _ isReturn: Bool) -> UInt32 {
    if let number = outer[packet.luck] { return number }
    let number = lastOuter[key, default: [:]][isReturn, default: 0] + 1
    outer[packet.luck] = number
    lastOuter[key, default: [:]][isReturn] = number
    return number
  }

  private mutating func bytes(of datagram: RDPUDPDatagram) -> [UInt8] {
    let flow = flows[datagram.stream]
    let peer = flow?.peer.flatMap { flows[$0] }
    var context = RDPUDPContext()
    context.initialSequence = flow?.initialSequence ?? 0
    context.peerInitialSequence = peer?.initialSequence ?? 0
    if let time = peer?.arrivals[datagram.highestSeen] {
      // In units of 4 microseconds (MS-RDPEUDP2 §2.2.1.2.1).
      context.receivedAt = UInt32(truncatingIfNeeded: time.nanoseconds / 4_000)
    }
    var carried: [UInt8] = []
    if case .data(let slice) = datagram.kind {
      context.channelSequence = flow?.numbers[slice.start] ?? 0
      carried = contents.bytes(of: slice, identities: &identities)
    }
    return RDPUDPCodec.encode(datagram, carrying: carried, in: context, &identities)
  }
}
