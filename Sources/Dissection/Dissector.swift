// From a capture file's bytes to what they tell: blocks in order, each packet given to the place it was seen at.
import SimulationKernel
import WireCodec

public enum Dissector {
  /// Reads a capture as far as it goes.
  /// - Parameter passwords: ICE passwords, or those of TURN users, with which MESSAGE-INTEGRITY is tried. Lines `ice-pwd UFRAG
  ///   PASSWORD` in the section's comments give more.
  public static func read(_ bytes: [UInt8], passwords: [String] = []) throws(NotACapture) -> Dissection {
    var reader: CaptureReader
    do { reader = try CaptureReader(bytes) } catch { throw NotACapture(description: kind(of: bytes)) }
    var building = Building(passwords: Passwords(anyone: passwords))
    reading: while true {
      do throws(CodecError) {
        guard let block = try reader.next() else { break reading }
        building.take(block)
      } catch {
        guard building.hasBegun else { throw NotACapture(description: "begins like pcapng, but \(error)") }
        building.end(with: error)
        break reading
      }
    }
    return building.concluded()
  }

  /// What bytes that are no capture look like.
  private static func kind(of bytes: [UInt8]) -> String {
    if bytes.isEmpty { return "the file is empty" }
    let known: [([UInt8], String)] = [
      ([0x1F, 0x8B], "gzip data: unpack it first"), ([0x50, 0x4B, 3, 4], "a ZIP archive: unpack it first"),
      ([0x28, 0xB5, 0x2F, 0xFD], "Zstandard data: unpack it first"), ([0x7F, 0x45, 0x4C, 0x46], "an ELF program"),
      (Array("snoop\0\0\0".utf8), "a snoop file: `editcap` turns it into pcapng"),
      (Array("GMBU".utf8), "a Network Monitor file: `editcap` turns it into pcapng"),
      (Array("SQLite format 3".utf8), "an SQLite database"),
    ]
    let digits = bytes.prefix(4).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
    var text = "the file begins with the bytes \(digits)"
    if let kind = known.first(where: { bytes.starts(with: $0.0) })?.1 {
      text += ", which is \(kind)"
    } else if bytes.prefix(64).allSatisfy({ (0x20...0x7E).contains($0) || [9, 10, 13].contains($0) }) {
      let line = String(decoding: bytes.prefix(while: { $0 != 10 && $0 != 13 }).prefix(40), as: UTF8.self)
      text += ", which is text: \"\(line)\""
    }
    return text
  }
}

/// Passwords for MESSAGE-INTEGRITY: by the user fragment they belong to, or of anyone.
struct Passwords {
  var anyone: [String]
  var byFragment: [String: String] = [:]
}

/// A dissection while its blocks come in.
private struct Building {
  private var found = Dissection()
  private var passwords: Passwords
  private var observers: [PlaceObserver] = []
  /// Where the current section's interfaces begin among all, and where each of its parts is observed.
  private var sectionStart = 0
  private var interfaces: [CaptureInterface] = []
  private var rows: [Part: Int] = [:]
  private(set) var hasBegun = false

  /// An interface, and for captures of `any` which of its machine's interfaces it was.
  private struct Part: Hashable {
    var interface: Int
    var index: UInt32?
  }

  init(passwords: Passwords) { self.passwords = passwords }

  mutating func take(_ block: CaptureBlock) {
    hasBegun = true
    switch block {
    case .section(let section):
      sectionStart = interfaces.count
      found.comments += section.comments
      found.application = found.application ?? section.application
      found.system = found.system ?? section.system ?? section.hardware
      section.comments.forEach { note($0) }
    case .interface(let interface):
      interfaces.append(interface)
      if interface.linkType != LinkFrame.cookedVersion2 { _ = row(of: Part(interface: interfaces.count - 1)) }
    case .packet(let packet):
      found.packets += 1
      let time = SimTime(nanoseconds: packet.time)
      found.first = min(found.first ?? time, time)
      found.last = max(found.last ?? time, time)
      let interface = sectionStart + packet.interface
      let frame = LinkFrame(packet, interfaces[interface].linkType)
      let row = row(of: Part(interface: interface, index: frame.index))
      observers[row].take(packet, frame, number: found.packets, passwords)
    case .other: break
    }
  }

  mutating func end(with error: CodecError) {
    if case .truncated = error { found.end = .truncated("\(error)") } else { found.end = .damaged("\(error)") }
  }

  /// Takes the lines of a remark that are meant for a reader like this one.
  private mutating func note(_ comment: String) {
    for line in comment.split(whereSeparator: \.isNewline) {
      if line == "time 0 of the scenario is " + WorldCalendar.text(WorldCalendar.start) {
        found.scenarioStart = SimTime(nanoseconds: WorldCalendar.start * 1_000_000_000)
      }
      let words = line.split(separator: " ")
      guard words.first == "ice-pwd" else { continue }
      if words.count == 3 {
        passwords.byFragment[String(words[1])] = String(words[2])
      } else {
        found.unknownLines.append(String(line))
      }
    }
  }

  private mutating func row(of part: Part) -> Int {
    if let row = rows[part] { return row }
    let interface = interfaces[part.interface]
    var name = interface.name ?? interface.description ?? "interface \(part.interface)"
    if let index = part.index { name += " index \(index)" }
    rows[part] = observers.count
    observers.append(PlaceObserver(name: name, interface))
    return observers.count - 1
  }

  func concluded() -> Dissection {
    var found = found
    let origin = found.origin
    found.places = observers.map { $0.concluded(origin: origin) }
    return found
  }
}
