// Component names as they may stand in host names, certificates and JSON, and the date at which a world begins.
import SimulationKernel

extension Identities {
  /// A component's text where a host name stands; `x` and its key in hexadecimal when the text is longer than `limit` characters or
  /// no host name (RFC 1123 §2.1, with underscores).
  mutating func name(of key: ComponentKey, limit: Int) -> String {
    let text = text(of: key)
    return text.utf8.count <= limit && Self.isHostName(text) && Self.key(hexName: text) == nil ? text : "x" + hex(key.value)
  }

  /// The component that such a name leads back to.
  mutating func component(named name: String) -> ComponentKey { Self.key(hexName: name) ?? key(of: name) }

  static func isHostName(_ text: String) -> Bool {
    let labels = text.split(separator: ".", omittingEmptySubsequences: false)
    return labels.allSatisfy { label in
      (1...63).contains(label.utf8.count) && label.utf8.first != 0x2D && label.utf8.last != 0x2D
        && label.utf8.allSatisfy {
          switch $0 {
          case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x5F: true
          default: false
          }
        }
    }
  }

  /// The key in a name of the form `x0123456789abcdef`.
  static func key(hexName name: String) -> ComponentKey? {
    guard name.utf8.count == 17, name.utf8.first == 0x78, name == name.lowercased() else { return nil }
    let digits = name.dropFirst()
    guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }) else { return nil }
    return UInt64(digits, radix: 16).map { ComponentKey(value: $0) }
  }
}

/// What virtual time is by the calendar.
public enum WorldCalendar {
  /// The date of virtual time 0, in seconds since 1970 (*assumed*: 2026-01-01, 00:00 UTC).
  public static let start: Int64 = 1_767_225_600
  static let day: Int64 = 86_400

  /// The digits of a date, with a year of `yearDigits` digits: `[YY]YYMMDDHHMMSSZ` (RFC 5280 §4.1.2.5).
  static func digits(_ seconds: Int64, yearDigits: Int) -> String {
    let days = seconds >= 0 ? seconds / day : (seconds - day + 1) / day
    let clock = seconds - days * day
    // Days since 0000-03-01, in eras of 400 years.
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let ofEra = shifted - era * 146_097
    let year = (ofEra - ofEra / 1_460 + ofEra / 36_524 - ofEra / 146_096) / 365
    let ofYear = ofEra - (365 * year + year / 4 - year / 100)
    let shiftedMonth = (5 * ofYear + 2) / 153
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    let calendarYear = year + era * 400 + (month <= 2 ? 1 : 0)
    let parts: [(Int64, Int)] = [
      (calendarYear, yearDigits), (month, 2), (ofYear - (153 * shiftedMonth + 2) / 5 + 1, 2), (clock / 3_600, 2),
      (clock / 60 % 60, 2), (clock % 60, 2),
    ]
    return parts.reduce(into: "") { text, part in
      let digits = String(part.0)
      text += String(repeating: "0", count: max(0, part.1 - digits.utf8.count)) + digits.suffix(part.1)
    } + "Z"
  }

  /// A date as people write it: `2026-01-01 00:00:00 UTC`.
  public static func text(_ seconds: Int64) -> String {
    let digits = Array(digits(seconds, yearDigits: 4))
    let parts = [0..<4, 4..<6, 6..<8, 8..<10, 10..<12, 12..<14].map { String(digits[$0]) }
    return "\(parts[0])-\(parts[1])-\(parts[2]) \(parts[3]):\(parts[4]):\(parts[5]) UTC"
  }

  /// Seconds since 1970 of a date; `nil` when there is no such date.
  static func seconds(year: Int64, month: Int64, day date: Int64, hour: Int64, minute: Int64, second: Int64) -> Int64? {
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    let lengths: [Int64] = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    guard (0...9_999).contains(year), (1...12).contains(month), (1...lengths[Int(month - 1)]).contains(date),
      (0...23).contains(hour), (0...59).contains(minute), (0...59).contains(second)
    else { return nil }
    let shifted = month <= 2 ? year - 1 : year
    let era = (shifted >= 0 ? shifted : shifted - 399) / 400
    let ofEra = shifted - era * 400
    let ofYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + date - 1
    let days = era * 146_097 + ofEra * 365 + ofEra / 4 - ofEra / 100 + ofYear - 719_468
    return days * self.day + hour * 3_600 + minute * 60 + second
  }
}
