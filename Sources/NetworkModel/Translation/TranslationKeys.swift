// The rows and keys of a translator's tables, and what it can plan for a packet.
import SimulationKernel
import Trace
import Wire

extension Endpoint {
  /// 0 for no endpoint: most translators' tables do not depend on the remote, and need not pay for it at every packet.
  @inline(__always) fileprivate var hashUnlessNone: UInt64 { port == 0 && address.low == 0 ? 0 : hash }
}

/// An inside endpoint as it speaks to a remote, the remote only as far as the mapping depends on it.
struct OutwardKey: FlatKey, BitwiseCopyable {
  var proto: TransportProtocol
  var inside: Endpoint
  var remote: Endpoint
  @inline(__always) var flatHash: UInt64 { inside.hash &* 31 &+ remote.hashUnlessNone ^ UInt64(proto.rawValue) }
}

/// An external endpoint; with overloading also the remote it is used toward, as far as the mapping depends on it.
struct InwardKey: FlatKey, BitwiseCopyable {
  var proto: TransportProtocol
  var outside: Endpoint
  var remote = Endpoint.none
  @inline(__always) var flatHash: UInt64 { outside.hash ^ UInt64(proto.rawValue) << 17 ^ remote.hashUnlessNone &* 31 }
}

/// What a permission hangs on: a mapping's row and generation, or an inside endpoint's number and `.max`.
struct PermissionHolder: Hashable, BitwiseCopyable {
  var row: UInt32
  var generation: UInt32
}

/// Whom a filter lets in: by a mapping, or to an inside endpoint by any of its mappings.
struct PermissionKey: FlatKey, BitwiseCopyable {
  var holder: PermissionHolder
  /// The remote as far as the filter depends on it.
  var remote: Endpoint
  @inline(__always) var flatHash: UInt64 { remote.hash ^ UInt64(holder.row) << 32 ^ UInt64(holder.generation) }
}

/// A TCP connection by a mapping.
struct ConnectionKey: FlatKey, BitwiseCopyable {
  var mapping: UInt32
  var generation: UInt32
  var remote: Endpoint
  @inline(__always) var flatHash: UInt64 { remote.hash ^ UInt64(mapping) << 32 ^ UInt64(generation) }
}

/// One endpoint in one protocol.
struct EndpointKey: FlatKey, BitwiseCopyable {
  var proto: TransportProtocol
  var endpoint: Endpoint
  @inline(__always) var flatHash: UInt64 { endpoint.hash ^ UInt64(proto.rawValue) << 23 }
}

/// One of an inside host's port blocks, by its ordinal, or (at ordinal 0 of a protocol) its ports.
struct HostKey: FlatKey, BitwiseCopyable {
  var address: IPAddress
  var ordinal: UInt32
  @inline(__always) var flatHash: UInt64 { Endpoint(address, 0).hash ^ UInt64(ordinal) << 32 }
}

/// What connection tracking remembers of a let-in flow.
struct Session: BitwiseCopyable {
  var mapping: UInt32
  var generation: UInt32
  var expires: SimTime
}

/// How far a TCP connection by a mapping has come (RFC 7857 §2.1).
struct ConnectionProgress: OptionSet, BitwiseCopyable {
  var rawValue: UInt8
  static let synOut = Self(rawValue: 1)
  static let synIn = Self(rawValue: 2)
  static let finOut = Self(rawValue: 4)
  static let finIn = Self(rawValue: 8)
  static let reset = Self(rawValue: 16)
  /// Counted among its mapping's open connections.
  static let counted = Self(rawValue: 32)
  var isOpen: Bool { isSuperset(of: [.synOut, .synIn]) && !isOver }
  var isOver: Bool { contains(.reset) || isSuperset(of: [.finOut, .finIn]) }
}

struct Mapping: BitwiseCopyable {
  var key: OutwardKey
  var outside: Endpoint
  var made: SimTime
  var expires: SimTime
  var generation: UInt32
  var holder = PermissionHolder(row: 0, generation: 0)
  /// TCP connections that both sides have opened and not both have closed.
  var openConnections: UInt16 = 0
  /// Something has come in by it.
  var answered = false
  /// A TCP connection by it has come to its end.
  var closing = false
  /// Its end has been told; the row only holds its port.
  var ended = false
}

/// What the translator would do with a packet.
enum TranslationPlan: BitwiseCopyable {
  /// Not this translator's business.
  case pass
  case drop(DropReason)
  /// Drop and tell the sender.
  case refuse(DropReason)
  /// Say nothing for a while: then drop, and tell the sender unless its connection has been opened from inside.
  case silence(DropReason)
  /// The gateway takes it for its own.
  case own
  /// Rewrite to `to`; `mapping` is the row it rests on, or −1 for a one-to-one pair.
  case existing(to: Endpoint, mapping: Int32)
  /// Rewrite to `to` by a mapping that is still to be made.
  case fresh(to: Endpoint, ordinal: UInt32)

  var isRewriting: Bool {
    switch self {
    case .existing, .fresh: true
    case .pass, .drop, .refuse, .silence, .own: false
    }
  }
}
