// Quantities with their units, read exactly: integers scaled by powers of ten, never floating point.
import ScenarioModel
import SimulationKernel

/// Why a text is not the quantity it should be.
struct UnitError: Error, Equatable {
  var message: String
}

/// The units of one kind of quantity.
struct Units {
  /// "a duration".
  let kind: String
  /// Names, each with how many of the smallest steps it is.
  let names: [(name: String, size: Int64)]
  /// The smallest step, for "finer than …".
  let step: String
  /// In steps, with its words.
  let most: (value: Int64, text: String)
  /// Other ways to write a name.
  var aliases: [(written: String, name: String)] = []

  /// *Assumed* bound: 1,000 h keep every sum of times far from the end of 64 bits.
  static let duration = Units(
    kind: "a duration",
    names: [
      ("ns", 1), ("us", 1_000), ("µs", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000), ("min", 60_000_000_000),
      ("h", 3_600_000_000_000),
    ],
    step: "1 ns", most: (3_600_000_000_000_000, "1000 h"), aliases: [("\u{3BC}s", "us")])
  /// *Assumed* bound: 1,000 Gbps.
  static let rate = Units(
    kind: "a rate", names: [("bit/s", 1), ("kbps", 1_000), ("Mbps", 1_000_000), ("Gbps", 1_000_000_000)],
    step: "1 bit/s", most: (1_000_000_000_000, "1000 Gbps"))
  /// *Assumed* bound: 1,024 MiB.
  static let size = Units(
    kind: "a size", names: [("B", 1), ("kB", 1_000), ("KiB", 1_024), ("MB", 1_000_000), ("MiB", 1_048_576)],
    step: "1 B", most: (1_073_741_824, "1024 MiB"))
  static let probability = Units(
    kind: "a probability", names: [("%", 10_000_000)], step: "0.0000001 %", most: (1_000_000_000, "100 %"))

  private var allowed: String { names.map(\.name).joined(separator: ", ") }

  /// The quantity in its smallest steps.
  func steps(_ text: String) throws(UnitError) -> Int64 {
    var rest = text[...]
    let negative = rest.first == "-"
    if negative { rest = rest.dropFirst() }
    let number = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    let unit = rest.dropFirst(number.count).drop { $0 == " " }
    let parts = number.split(separator: ".", omittingEmptySubsequences: false)
    guard (1...2).contains(parts.count), parts.allSatisfy({ !$0.isEmpty }) else {
      throw UnitError(message: "expected \(kind), a number with a unit (\(allowed)); found '\(text)'")
    }
    if unit.isEmpty { throw UnitError(message: "\(kind) needs a unit; allowed: \(allowed); found '\(text)'") }
    let name = aliases.first { $0.written == unit }?.name ?? String(unit)
    guard let size = names.first(where: { $0.name == name })?.size else {
      let hint = NearestName.hint(name, among: names.map(\.name))
      throw UnitError(message: "'\(unit)' is not a unit of \(kind)\(hint); allowed: \(allowed); found '\(text)'")
    }
    if negative, number.contains(where: { ("1"..."9").contains($0) }) {
      throw UnitError(message: "\(kind) cannot be negative; found '\(text)'")
    }
    guard let value = try scaled(whole: parts[0], fraction: parts.count == 2 ? parts[1] : "", by: size, text), value <= most.value
    else { throw UnitError(message: "\(kind) is at most \(most.text); found '\(text)'") }
    return value
  }

  /// Whether the text ends in one of these units, so that it can be meant as such a quantity.
  func claims(_ text: String) -> Bool {
    let unit = text.drop { "-0123456789. ".contains($0) }
    return text.first.map { "-0123456789".contains($0) } == true
      && (names.contains { $0.name == unit } || aliases.contains { $0.written == unit })
  }

  /// `whole.fraction` × `size`; `nil` when it does not fit 64 bits.
  private func scaled(whole: Substring, fraction: Substring, by size: Int64, _ text: String) throws(UnitError) -> Int64? {
    var total: Int64 = 0
    for digit in whole {
      let (product, one) = total.multipliedReportingOverflow(by: 10)
      let (sum, two) = product.addingReportingOverflow(Int64(digit.wholeNumberValue ?? 0))
      if one || two { return nil }
      total = sum
    }
    let (steps, overflow) = total.multipliedReportingOverflow(by: size)
    if overflow { return nil }
    // Each further digit is worth a tenth of the last; what is left of the unit must stay whole.
    var digits = fraction
    while digits.last == "0" { digits = digits.dropLast() }
    var part: Int64 = 0
    var scale: Int64 = 1
    for digit in digits {
      guard scale <= size else { throw UnitError(message: "finer than \(step), the smallest step of \(kind); found '\(text)'") }
      part = part * 10 + Int64(digit.wholeNumberValue ?? 0)
      scale *= 10
    }
    let (quotient, rest) = UInt64(scale).dividingFullWidth(UInt64(part).multipliedFullWidth(by: UInt64(size)))
    if rest != 0 { throw UnitError(message: "finer than \(step), the smallest step of \(kind); found '\(text)'") }
    let (sum, over) = steps.addingReportingOverflow(Int64(quotient))
    return over ? nil : sum
  }
}

/// Texts that mean on and off, whatever YAML thinks of them.
func flag(_ text: String) -> Bool? {
  switch text.lowercased() {
  case "on", "true", "yes": true
  case "off", "false", "no": false
  default: nil
  }
}
