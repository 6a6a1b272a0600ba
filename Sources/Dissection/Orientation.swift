// Which side of a capture is one's own: from recorded directions, or from who speaks with whom.
import Wire

/// Decides for each pair of addresses which of the two stands on this side of the place.
///
/// At a host's interface every packet has the host's address on one side, so the own address has more peers than any other. Where two
/// have as many, recorded directions decide, then a server's port, a private address, and who spoke first.
struct Orientation {
  private struct Pair: Hashable {
    var low: IPAddress
    var high: IPAddress
  }
  private var lowIsNear: [Pair: Bool] = [:]
  private(set) var near: [IPAddress] = []
  private(set) var hasDirections = false

  init(_ records: [FlowRecord]) {
    var peers: [IPAddress: Set<IPAddress>] = [:]
    var packets: [IPAddress: Int] = [:]
    let direct = records.filter { $0.key.relay == nil }
    for record in direct {
      peers[record.key.low.address, default: []].insert(record.key.high.address)
      peers[record.key.high.address, default: []].insert(record.key.low.address)
    }
    var votes: [Pair: [Int]] = [:]
    var order: [Pair] = []
    for record in direct where record.key.low.address != record.key.high.address {
      let pair = Pair(low: record.key.low.address, high: record.key.high.address)
      if votes[pair] == nil {
        votes[pair] = [0, 0, 0]
        order.append(pair)
      }
      let vote = Self.votes(record)
      if vote[0] != 0 { hasDirections = true }
      for row in 0..<3 { votes[pair]?[row] += vote[row] }
    }
    for pair in order {
      let counts = [pair.low, pair.high].map { Self.isGroup($0) ? -1 : peers[$0]?.count ?? 0 }
      let vote = votes[pair] ?? []
      let isPrivate = (pair.low.isPrivate ? 1 : 0) - (pair.high.isPrivate ? 1 : 0)
      let weights = [counts[0] - counts[1], vote[0], vote[1], isPrivate, vote[2]]
      lowIsNear[pair] = (weights.first { $0 != 0 } ?? 1) > 0
    }
    for record in direct {
      let address = nearIsLow(record) ? record.key.low.address : record.key.high.address
      packets[address, default: 0] += record.sides[0].traffic.packets + record.sides[1].traffic.packets
      if !near.contains(address) { near.append(address) }
    }
    near.sort { a, b in packets[a] != packets[b] ? packets[a] ?? 0 > packets[b] ?? 0 : a < b }
  }

  /// For the lower address: packets recorded as its own, server ports on the other side, and whether it spoke first.
  private static func votes(_ record: FlowRecord) -> [Int] {
    let sides = record.sides
    let directions = sides[0].outbound + sides[1].inbound - sides[1].outbound - sides[0].inbound
    func isServer(_ endpoint: Endpoint) -> Int {
      endpoint.port < 1024 || [3389, 3390, 3478, 3479, 5349].contains(endpoint.port) ? 1 : 0
    }
    return [directions, isServer(record.key.high) - isServer(record.key.low), record.lowSpokeFirst ? 1 : -1]
  }

  /// Multicast and broadcast: nobody's own address.
  private static func isGroup(_ address: IPAddress) -> Bool {
    address.isV4 ? address.v4 >> 28 == 14 || address.v4 == .max : address.high >> 56 == 0xFF
  }

  func isNear(_ address: IPAddress, facing other: IPAddress) -> Bool {
    let isLow = address < other
    let pair = Pair(low: min(address, other), high: max(address, other))
    guard let lowIsNear = lowIsNear[pair] else { return near.contains(address) || !near.contains(other) }
    return lowIsNear == isLow
  }

  func nearIsLow(_ record: FlowRecord) -> Bool {
    if let relay = record.key.relay { return record.key.low == relay.client }
    if record.key.low.address == record.key.high.address { return record.lowSpokeFirst }
    return isNear(record.key.low.address, facing: record.key.high.address)
  }
}

extension IPAddress {
  /// Addresses that no public network routes: RFC 1918, RFC 6598, link-local and unique local ones.
  var isPrivate: Bool {
    Self.privatePrefixes.contains { $0.contains(self) }
  }

  private static let privatePrefixes = [
    IPPrefix(v4: 0x0A00_0000, 8), IPPrefix(v4: 0xAC10_0000, 12), IPPrefix(v4: 0xC0A8_0000, 16), IPPrefix(v4: 0x6440_0000, 10),
    IPPrefix(v4: 0xA9FE_0000, 16), IPPrefix(v4: 0x7F00_0000, 8), IPPrefix(IPAddress(high: 0xFC00 << 48, low: 0), length: 7),
    IPPrefix(IPAddress(high: 0xFE80 << 48, low: 0), length: 10),
  ]
}
