// An RDP-UDP connection as it is told.
public import SimulationKernel
public import Wire

/// One RDP-UDP connection between two endpoints.
public struct RDPUDPFlow: Equatable, Sendable {
  /// Which kind of Shortpath it looks like.
  public enum Kind: String, Equatable, Sendable {
    /// To the listener's port, without STUN before.
    case managed
    /// Between endpoints that ICE checks had joined.
    case `public`
    /// Inside TURN messages.
    case relayed
    /// Neither the listener's documented port nor checks: another UdpRedirectorPort, or checks before the capture.
    case unknown
  }
  public var near: Endpoint
  public var far: Endpoint
  public var relay: Endpoint?
  public var kind = Kind.unknown
  /// Whether this side sent the SYN; `nil` when no SYN was seen.
  public var openedByNear: Bool?
  public var syns = 0
  public var synAcks = 0
  public var firstSyn: SimTime?
  /// From the latest SYN to the first SYN+ACK behind it; at the side that answers, from there to the opener's next datagram.
  public var roundTrip: SimDuration?
  /// uUdpVer: 1, 2 or 257 (version 3).
  public var clientVersion: UInt16?
  public var serverVersion: UInt16?
  public var mtu: UInt16?
  public var cookieHash: [UInt8]?
  public var correlation: [UInt8]?
  /// Datagrams with data, and the bytes of data in them.
  public var dataSent = Traffic()
  public var dataReceived = Traffic()
  public var acknowledgements = 0
  /// Dummy datagrams, which keep the connection alive.
  public var dummies = 0
  public var first: SimTime
  public var last: SimTime
  public var tls: TLSFacts?
  public var refusals: [Refusal] = []

  public var isEstablished: Bool { synAcks > 0 || syns == 0 && dataSent.packets > 0 && dataReceived.packets > 0 }
  /// Whether it carried something in both directions.
  public var isUsed: Bool { dataSent.packets > 0 && dataReceived.packets > 0 }

  /// A version as MS-RDPEUDP §2.2.2.9 counts them.
  public static func version(_ number: UInt16) -> String { number == 0x0101 ? "3" : "\(number)" }

  public var sentence: String {
    let via = relay.map { " through the relay \($0)" } ?? ""
    guard isEstablished else {
      let count = counted(syns, "SYN")
      if openedByNear == false { return "\(count) from \(far)\(via) \(syns == 1 ? "was" : "were") never answered from here" }
      let silence = "\(count) to \(far)\(via) \(syns == 1 ? "was" : "were") never answered"
      return refusals.first.map { "\(silence): \($0.sentence)" } ?? silence
    }
    let data = "\(counted(dataSent.packets, "data packet")) out, \(dataReceived.packets) in, over \(last - first)"
    guard syns + synAcks > 0 else { return "began before the capture; \(data)" }
    let repeats = syns > 1 ? "the last of \(syns) SYNs" : "SYN"
    guard openedByNear == false else { return "\(repeats) answered\(via)\(roundTrip.map { " after \($0)" } ?? ""); \(data)" }
    return "\(repeats) from \(far) answered\(via)\(roundTrip.map { ", its next datagram \($0) later" } ?? ""); \(data)"
  }
}
