// What a translator loses at once: by a restart, with its outside addresses, or with one exit of several.
import SimulationKernel
import Trace
public import Wire

extension AddressTranslator {
  /// Whose draws its ports and addresses are.
  var drawingKey: ComponentKey { lives == 0 ? key : key.part(lives) }

  /// External addresses in service.
  public var exits: [IPAddress] { Array(outside[firstExit...]) }

  /// Forgets mappings, permissions, flows and ports that were held; static mappings stay.
  func forget(_ why: MappingEnd, now: SimTime, recorder: Recorder) {
    for mapping in mappings where mapping.expires > now && mapping.expires != .never {
      tell(.mappingLost, mapping, why, conversation: .none, recorder: recorder)
    }
    mappings.removeAll { $0.expires != .never }
    for row in mappings.indices {
      (mappings[row].openConnections, mappings[row].answered, mappings[row].closing) = (0, false, false)
    }
    freeRows = []
    outward.removeAll()
    inward.removeAll()
    permissions.removeAll()
    endpoints.removeAll()
    ordinals.removeAll()
    sessions.removeAll()
    own.removeAll()
    silences.removeAll()
    connections.removeAll()
    held.removeAll()
    blocks.removeAll()
    blockOwners = Array(repeating: .unspecified, count: blocksPerAddress * outside.count)
    nextPort = behaviour.portRange.low
    lives += 1
  }

  /// The provider gives it other addresses, one for each in service: everything that stood on the old ones is lost.
  func rebind(to addresses: [IPAddress], now: SimTime, recorder: Recorder) {
    let old = exits
    precondition(addresses.count == old.count, "\(addresses.count) addresses for \(old.count) exits")
    for row in pairs.indices {
      if let exit = old.firstIndex(of: pairs[row].outside) { pairs[row].outside = addresses[exit] }
    }
    outside = addresses
    firstExit = 0
    forget(.rebind, now: now, recorder: recorder)
    moveForwards()
  }

  /// The exit in use fails, and nobody has a copy of its state. Of several addresses the first in service goes out of it with its
  /// mappings; a single one moves to the other machine, which knows nothing.
  /// - Returns: the address that is in service no more.
  func failOver(now: SimTime, recorder: Recorder) -> IPAddress? {
    guard exits.count > 1 else {
      forget(.failover, now: now, recorder: recorder)
      return nil
    }
    let lost = outside[firstExit]
    for row in mappings.indices where mappings[row].outside.address == lost {
      if mappings[row].expires > now, mappings[row].expires != .never { lose(UInt32(row), .failover, recorder: recorder) }
    }
    firstExit += 1
    let inService = firstExit * blocksPerAddress
    blocks.removeAll { _, block in block < inService }
    moveForwards()
    return lost
  }

  /// Static mappings stand on the first address in service.
  private func moveForwards() {
    guard !forwards.isEmpty else { return }
    forwards.removeAll()
    for row in mappings.indices where mappings[row].expires == .never {
      mappings[row].outside.address = outside[firstExit]
      forwards.insert(UInt32(row), for: InwardKey(proto: mappings[row].key.proto, outside: mappings[row].outside))
    }
  }
}
