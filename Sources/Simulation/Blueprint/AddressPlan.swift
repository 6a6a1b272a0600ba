// Who gets which address. An address follows from a hash of its owner's id, so that an idle neighbour moves nobody.
import SimulationKernel
import Wire

/// Hands out host addresses of one subnet.
struct SubnetAddresses {
  let prefix: IPPrefix
  private var used: Set<IPAddress> = []

  init(_ prefix: IPPrefix) { self.prefix = prefix }

  /// The first address after the network's: the router's.
  var router: IPAddress { address(at: 1) }

  private func address(at offset: UInt64) -> IPAddress { IPAddress(high: prefix.address.high, low: prefix.address.low | offset) }

  mutating func reserve(_ address: IPAddress) { used.insert(address) }
  mutating func release(_ address: IPAddress) { used.remove(address) }

  /// The address of the owner with `key`: its hashed place, or the next free one.
  mutating func assign(_ key: ComponentKey) -> IPAddress {
    let bits = min(128 - Int(prefix.length), 16)
    let span = (UInt64(1) << UInt64(bits)) - 4
    precondition(bits >= 3, "\(prefix) is too small to give addresses from")
    let start = mix(key.value, ChancePurpose.address.rawValue) % span
    for step in 0..<span {
      let candidate = address(at: 2 + (start + step) % span)
      if used.insert(candidate).inserted { return candidate }
    }
    preconditionFailure("\(prefix) has no address left")
  }
}

/// Subnets and outside addresses nobody gave: from the benchmarking range 198.18.0.0/15 (RFC 2544 §C.2.2), so that no real address appears.
struct AddressPlan {
  private var usedSubnets: Set<IPPrefix> = []
  /// Outside addresses of translators that hang on no provider's network.
  var outside = SubnetAddresses(IPPrefix(v4: 0xC613_0000, 16))

  mutating func reserve(_ prefix: IPPrefix) { usedSubnets.insert(prefix) }

  /// A public /24 out of 198.18.0.0/16.
  mutating func publicSubnet(_ key: ComponentKey) -> IPPrefix {
    let start = mix(key.value, 24) % 256
    for step in 0..<256 {
      let prefix = IPPrefix(v4: 0xC612_0000 | UInt32((start + UInt64(step)) % 256) << 8, 24)
      if usedSubnets.insert(prefix).inserted { return prefix }
    }
    preconditionFailure("more than 256 public networks without a subnet of their own")
  }

  /// A private /24 out of 192.168.0.0/16. Two networks behind different translators may get the same one.
  func privateSubnet(_ key: ComponentKey) -> IPPrefix {
    IPPrefix(v4: 0xC0A8_0000 | UInt32(mix(key.value, 168) % 256) << 8, 24)
  }
}

/// Address blocks that the internet's core does not route: RFC 1918, RFC 6598, RFC 4193, link-local.
let privateBlocks: [IPPrefix] = [
  IPPrefix(v4: 0x0A00_0000, 8), IPPrefix(v4: 0xAC10_0000, 12), IPPrefix(v4: 0xC0A8_0000, 16), IPPrefix(v4: 0x6440_0000, 10),
  IPPrefix(v4: 0xA9FE_0000, 16), IPPrefix(IPAddress(high: 0xFC00 << 48, low: 0), length: 7),
  IPPrefix(IPAddress(high: 0xFE80 << 48, low: 0), length: 10),
]

func isPrivate(_ prefix: IPPrefix) -> Bool { privateBlocks.contains { $0.contains(prefix) } }

/// The prefixes that together cover `block` without `holes`.
func complement(of holes: [IPPrefix], in block: IPPrefix) -> [IPPrefix] {
  if holes.contains(where: { $0.contains(block) }) { return [] }
  if !holes.contains(where: { block.contains($0) }) { return [block] }
  let length = Int(block.length) + 1
  let bit = length <= 64 ? (UInt64(1) << UInt64(64 - length), UInt64(0)) : (0, UInt64(1) << UInt64(128 - length))
  let upper = IPAddress(high: block.address.high | bit.0, low: block.address.low | bit.1)
  return complement(of: holes, in: IPPrefix(block.address, length: length))
    + complement(of: holes, in: IPPrefix(upper, length: length))
}
