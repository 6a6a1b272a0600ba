// The Internet checksum (RFC 1071) and the pseudo headers under which TCP, UDP and ICMPv6 are summed.
import Wire

/// A running one's complement sum of 16-bit words.
struct InternetChecksum {
  private var sum: UInt64 = 0

  mutating func add(_ word: UInt16) { sum += UInt64(word) }

  /// Adds bytes as words; the last odd byte counts as if a zero followed. Only the last piece may be of odd length.
  mutating func add(_ bytes: ArraySlice<UInt8>) {
    var at = bytes.startIndex
    while at + 1 < bytes.endIndex {
      sum += UInt64(bytes[at]) << 8 | UInt64(bytes[at + 1])
      at += 2
    }
    if at < bytes.endIndex { sum += UInt64(bytes[at]) << 8 }
  }

  mutating func add(_ address: IPAddress) {
    if address.isV4 {
      add(UInt16(truncatingIfNeeded: address.v4 >> 16))
      add(UInt16(truncatingIfNeeded: address.v4))
    } else {
      for half in [address.high, address.low] {
        for shift in stride(from: 48, through: 0, by: -16) { add(UInt16(truncatingIfNeeded: half >> UInt64(shift))) }
      }
    }
  }

  /// RFC 9293 §3.1 and RFC 8200 §8.1: addresses, length and protocol are summed with the contents.
  static func pseudoHeader(_ header: IPHeader, length: Int) -> InternetChecksum {
    var sum = InternetChecksum()
    sum.add(header.source)
    sum.add(header.destination)
    sum.add(UInt16(truncatingIfNeeded: length >> 16))
    sum.add(UInt16(truncatingIfNeeded: length))
    sum.add(UInt16(header.proto))
    return sum
  }

  /// What stands in the checksum field; over bytes that contain a right checksum this is 0.
  var value: UInt16 {
    var folded = sum
    while folded >> 16 != 0 { folded = folded & 0xFFFF + folded >> 16 }
    return ~UInt16(truncatingIfNeeded: folded)
  }
}
