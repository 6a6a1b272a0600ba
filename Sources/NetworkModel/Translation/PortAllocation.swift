// Which external endpoint a new mapping gets: pooling over addresses, blocks, ranges, collisions, and when there is none left.
import SimulationKernel
public import Wire

/// A port forward: an external port that leads to an inside endpoint whoever asks, for ever.
public struct StaticMapping: Hashable, Sendable, BitwiseCopyable {
  public var proto: TransportProtocol
  /// On the translator's first external address.
  public var port: UInt16
  public var inside: Endpoint
  /// Whether what the inside endpoint itself sends leaves by that port too. A plain destination rewrite on Linux, as UPnP daemons write
  /// it, does not see to that (miniupnp, issue 240).
  public var outbound: Bool
  public init(proto: TransportProtocol, port: UInt16, inside: Endpoint, outbound: Bool = true) {
    self.proto = proto
    self.port = port
    self.inside = inside
    self.outbound = outbound
  }
}

/// Who needs a port, and toward whom.
struct PortRequest: BitwiseCopyable {
  var proto: TransportProtocol
  var inside: Endpoint
  var remote: Endpoint
  var ordinal: UInt32
}

extension AddressTranslator {
  /// A free external endpoint; `nil` when the inside host or the pool has none left.
  func freeEndpoint(_ request: PortRequest, now: SimTime, chance: Chance) -> Endpoint? {
    guard hasShare(request, now: now) else { return nil }
    let exits = outside.count - firstExit
    guard exits > 1 else { return freePort(request, on: firstExit, now: now, chance: chance) }
    let isPaired = behaviour.pooling == .paired
    let subject = isPaired ? Endpoint(request.inside.address, 0).hash : mix(request.inside.hash, UInt64(request.ordinal))
    var start = Int(chance.draw(below: UInt64(outside.count), drawingKey, .natAddress, subject))
    // Whoever had an address that is out of service draws again; the others keep theirs.
    if start < firstExit {
      start = firstExit + Int(chance.draw(below: UInt64(exits), drawingKey, .natAddress, mix(subject, UInt64(firstExit))))
    }
    if isPaired { return freePort(request, on: start, now: now, chance: chance) }
    for step in 0..<exits {
      let address = firstExit + (start - firstExit + step) % exits
      if let free = freePort(request, on: address, now: now, chance: chance) { return free }
    }
    return nil
  }

  private func freePort(_ request: PortRequest, on address: Int, now: SimTime, chance: Chance) -> Endpoint? {
    guard behaviour.portBlock > 0 else { return search(classed(request.inside.port), request, on: address, now, chance) }
    var ordinal: UInt32 = 0
    while let block = blocks[HostKey(address: request.inside.address, ordinal: ordinal)] {
      if let free = search(range(ofBlock: Int(block)), request, on: address, now, chance) { return free }
      ordinal += 1
    }
    guard let block = freeBlock(for: request.inside.address, ordinal: ordinal, on: address, chance: chance) else { return nil }
    return search(range(ofBlock: block), request, on: address, now, chance)
  }

  /// The part of the range that is of a port's own class (RFC 4787 REQ-3a), where the behaviour keeps classes apart.
  private func classed(_ port: UInt16) -> PortRange {
    let range = behaviour.portRange
    guard behaviour.portClasses else { return range }
    let part = port < 1024 ? PortRange(range.low, min(range.high, 1023)) : PortRange(max(range.low, 1024), range.high)
    return part.low <= part.high ? part : range
  }

  private func search(_ range: PortRange, _ request: PortRequest, on address: Int, _ now: SimTime, _ chance: Chance) -> Endpoint?
  {
    let span = UInt64(range.high - range.low) + 1
    let port = request.inside.port
    var start: UInt64
    func draw() -> UInt64 {
      chance.draw(below: span, drawingKey, .natPort, mix(request.inside.hash, UInt64(request.ordinal)))
    }
    switch behaviour.ports {
    case .preserving:
      let preserved = Endpoint(outside[address], port)
      if range.contains(port) {
        if isFree(preserved, request, now) { return preserved }
        start = UInt64(port - range.low)
      } else {
        start = 0
      }
      if behaviour.collision == .random { start = draw() }
    case .sequential: start = range.contains(nextPort) ? UInt64(nextPort - range.low) : 0
    case .random: start = draw()
    }
    for step in 0..<span {
      let candidate = range.low + UInt16((start + step) % span)
      if behaviour.parity, (candidate ^ port) & 1 != 0 { continue }
      let endpoint = Endpoint(outside[address], candidate)
      if isFree(endpoint, request, now) { return endpoint }
    }
    return nil
  }

  /// Whether no mapping, forward or flow of the gateway's own stands in the way, nor the time for which a port is held back.
  private func isFree(_ endpoint: Endpoint, _ request: PortRequest, _ now: SimTime) -> Bool {
    if let row = inward[inwardKey(request.proto, endpoint, from: request.remote)] {
      let mapping = mappings[Int(row)]
      if mapping.expires > now { return false }
      if mapping.key.inside != request.inside, mapping.expires + behaviour.portHold > now { return false }
    }
    if !forwards.isEmpty, forwards[InwardKey(proto: request.proto, outside: endpoint)] != nil { return false }
    if !own.isEmpty, let expires = own[InwardKey(proto: request.proto, outside: endpoint, remote: request.remote)], expires > now
    {
      return false
    }
    return true
  }

  // MARK: Shares of inside hosts

  /// Whether the inside host may have one more port (RFC 6888 REQ-4).
  private func hasShare(_ request: PortRequest, now: SimTime) -> Bool {
    let limit = Int(behaviour.portsPerHost)
    if limit == 0 { return true }
    let host = HostKey(address: request.inside.address, ordinal: UInt32(request.proto.rawValue))
    if Int(held[host] ?? 0) < limit { return true }
    // Some may have ended unnoticed. Only a host at its limit pays for being counted.
    var live = 0
    for mapping in mappings
    where mapping.key.inside.address == host.address && mapping.key.proto == request.proto && mapping.expires > now
      && mapping.expires != .never
    {
      live += 1
    }
    return live < limit
  }

  /// Books a port that a mapping takes.
  func took(_ endpoint: Endpoint, _ key: OutwardKey) {
    if behaviour.ports == .sequential {
      nextPort = endpoint.port == behaviour.portRange.high ? behaviour.portRange.low : endpoint.port + 1
    }
    if behaviour.portsPerHost > 0 { count(key, 1) }
    guard behaviour.portBlock > 0, let address = outside.firstIndex(of: endpoint.address) else { return }
    let block = address * blocksPerAddress + Int((endpoint.port - behaviour.portRange.low) / behaviour.portBlock)
    guard blockOwners[block] == .unspecified else { return }
    blockOwners[block] = key.inside.address
    var ordinal: UInt32 = 0
    while blocks[HostKey(address: key.inside.address, ordinal: ordinal)] != nil { ordinal += 1 }
    blocks.insert(UInt32(block), for: HostKey(address: key.inside.address, ordinal: ordinal))
  }

  /// Books a mapping's end.
  func released(_ key: OutwardKey) { if behaviour.portsPerHost > 0 { count(key, -1) } }

  private func count(_ key: OutwardKey, _ change: Int32) {
    let host = HostKey(address: key.inside.address, ordinal: UInt32(key.proto.rawValue))
    held.insert(UInt32(bitPattern: Int32(bitPattern: held[host] ?? 0) + change), for: host)
  }

  // MARK: Blocks

  var blocksPerAddress: Int {
    guard behaviour.portBlock > 0 else { return 0 }
    return (Int(behaviour.portRange.high) - Int(behaviour.portRange.low) + 1) / Int(behaviour.portBlock)
  }

  private func range(ofBlock block: Int) -> PortRange {
    let low = behaviour.portRange.low + UInt16(block % blocksPerAddress) * behaviour.portBlock
    return PortRange(low, low + (behaviour.portBlock - 1))
  }

  /// A block nobody has; a host gets no more of them than its share fills.
  private func freeBlock(for host: IPAddress, ordinal: UInt32, on address: Int, chance: Chance) -> Int? {
    let count = blocksPerAddress
    let most = behaviour.portsPerHost == 0 ? count : Int((behaviour.portsPerHost - 1) / behaviour.portBlock) + 1
    guard count > 0, ordinal < most else { return nil }
    let start = Int(chance.draw(below: UInt64(count), drawingKey, .natPort, mix(Endpoint(host, 0).hash, UInt64(ordinal), 0xB10C)))
    for step in 0..<count {
      let block = address * count + (start + step) % count
      if blockOwners[block] == .unspecified { return block }
    }
    return nil
  }
}
