// What a capture file tells, as values: the file, the places its packets were seen at, and what can be concluded at each.
public import SimulationKernel
public import Wire
import WireCodec

/// A capture file, dissected.
public struct Dissection: Equatable, Sendable {
  /// Remarks of the sections, and what wrote them.
  public var comments: [String] = []
  public var application: String?
  public var system: String?
  /// How the file ended.
  public enum End: Equatable, Sendable {
    case whole
    /// In the middle of a block: what was missing.
    case truncated(String)
    /// At a block that cannot be read; nothing behind it was.
    case damaged(String)
  }
  public var end = End.whole
  /// Packets of all places.
  public var packets = 0
  /// When the first and the last packet were seen, by the file's own clock.
  public var first: SimTime?
  public var last: SimTime?
  /// Lines of remarks that look like ours and say nothing we understand.
  public var unknownLines: [String] = []
  /// In the order in which the file describes its interfaces.
  public var places: [Place] = []

  /// When a simulated world's 0 s was by the file's clock, where a remark of its capture says so.
  public var scenarioStart: SimTime?

  /// By the file's clock, the instant that is called 0 in everything else: a simulated world's 0 s, or the first packet.
  public var origin: SimTime { scenarioStart ?? first ?? .zero }
  /// The first packet's date, to the millisecond.
  public var startText: String {
    let nanoseconds = first?.nanoseconds ?? 0
    let text = WorldCalendar.text(nanoseconds / 1_000_000_000).split(separator: " ")
    let fraction = String(nanoseconds.magnitude % 1_000_000_000 / 1_000_000)
    return "\(text[0]) \(text[1])." + String(repeating: "0", count: 3 - fraction.count) + fraction + " UTC"
  }
}

/// An interface packets were seen at, with all that follows from them. Times are counted from `Dissection.origin`.
public struct Place: Equatable, Sendable {
  /// The interface's name, or its number in the file.
  public var name: String
  public var description: String?
  public var comments: [String] = []
  public var linkType: UInt16
  public var packets = 0
  public var bytes = 0
  public var first: SimTime?
  public var last: SimTime?
  public var trouble = Trouble()
  /// Addresses that belong to this side of the place, the busiest first.
  public var near: [IPAddress] = []
  /// Whether the packets' directions were recorded, or had to be guessed from who speaks with whom.
  public var hasDirections = false
  /// Whether this is a host's own interface: this side's packets have the time to live that hosts give them, and leave here as far as
  /// directions say.
  public var isAtHost = false
  public var flows: [Flow] = []
  public var mappings: [Mapping] = []
  public var candidates: [Candidate] = []
  public var pairs: [CheckPair] = []
  public var allocations: [Allocation] = []
  public var connections: [RDPUDPFlow] = []
  public var verdicts: [HostVerdict] = []

  /// Whether something of what this code knows was seen here.
  public var saysSomething: Bool {
    !mappings.isEmpty || !pairs.isEmpty || !allocations.isEmpty || !connections.isEmpty || !verdicts.isEmpty
  }
}

/// Packets that could not be read, or not wholly.
public struct Trouble: Equatable, Sendable {
  /// Frames that carry no IP: ARP and the like.
  public var notIP = 0
  /// Frames of a link type that is not known here.
  public var unreadableLink = 0
  /// Packets of which only the beginning was kept.
  public var cut = 0
  public var fragments = 0
  public var malformed = 0
  /// The first malformed one: its number in the file, and why.
  public var firstMalformed: String?
  /// Packets that came twice within a millisecond: doubled on the way, or captured twice. The second is not looked at.
  public var doubled = 0
  /// Wrong checksums in what this side sent, and unfinished ones in anything: left to the network card.
  public var offloaded = 0
  /// Wrong checksums in what arrived: damaged or changed on the way.
  public var wrongChecksums = 0
  /// STUN messages whose FINGERPRINT does not fit: something on the way rewrites payloads.
  public var wrongFingerprints = 0
  /// STUN messages whose MESSAGE-INTEGRITY was made with a password that is known, and with another one.
  public var rightIntegrity = 0
  public var wrongIntegrity = 0
  /// Packets of IP protocols that are not looked into, by name.
  public var others: [Tally] = []
}

/// How often something was seen.
public struct Tally: Equatable, Sendable {
  public var name: String
  public var count: Int
  init(_ name: String, _ count: Int = 1) {
    self.name = name
    self.count = count
  }
}

extension [Tally] {
  mutating func count(_ name: String) {
    if let row = firstIndex(where: { $0.name == name }) { self[row].count += 1 } else { append(Tally(name)) }
  }
}

/// Bytes that are no capture.
public struct NotACapture: Error, Equatable, CustomStringConvertible {
  public var description: String
}

/// "1 packet", "2 packets".
func counted(_ count: Int, _ noun: String, _ plural: String? = nil) -> String {
  "\(count) \(count == 1 ? noun : plural ?? noun + "s")"
}

/// "a", "a and b", "a, b and c".
func listed(_ items: [String]) -> String {
  guard let last = items.last, items.count > 1 else { return items.first ?? "" }
  return items.dropLast().joined(separator: ", ") + " and " + last
}
