// JSON with a fixed key order and no floating point, so that equal results are equal bytes.
import SimulationKernel

/// A JSON value whose objects keep the order they were written in.
indirect enum JSONValue {
  case null
  case text(String)
  /// Digits, or `true` and `false`: written as they are.
  case integer(String)
  /// Nanoseconds, printed as milliseconds with exactly six decimals.
  case milliseconds(Int64)
  case array([JSONValue])
  case object([(String, JSONValue)])

  static func number(_ value: some BinaryInteger) -> JSONValue { .integer("\(value)") }
  static func flag(_ value: Bool) -> JSONValue { .integer(value ? "true" : "false") }
  static func maybe(_ value: String?) -> JSONValue { value.map { .text($0) } ?? .null }
  static func maybe(_ value: SimDuration?) -> JSONValue { value.map { .milliseconds($0.nanoseconds) } ?? .null }
  static func maybe(_ value: SimTime?) -> JSONValue { value.map { .milliseconds($0.nanoseconds) } ?? .null }

  /// The text, ended by a newline: objects of plain values on one line, everything else broken and indented.
  var document: String {
    var text = ""
    write(into: &text, indent: "")
    return text + "\n"
  }

  private var isPlain: Bool {
    switch self {
    case .array(let items): items.isEmpty
    case .object(let members): members.isEmpty
    default: true
    }
  }

  private func write(into text: inout String, indent: String) {
    switch self {
    case .null: text += "null"
    case .text(let value): Self.quote(value, into: &text)
    case .integer(let digits): text += digits
    case .milliseconds(let nanoseconds): text += SimDuration(nanoseconds: nanoseconds).exact
    case .array(let items):
      let isFlat = items.allSatisfy(\.isPlain)
      Self.join("[", "]", items.count, isFlat, indent, into: &text) { row, text, indent in
        items[row].write(into: &text, indent: indent)
      }
    case .object(let members):
      let isFlat = members.allSatisfy { $0.1.isPlain }
      Self.join("{", "}", members.count, isFlat, indent, into: &text) { row, text, indent in
        Self.quote(members[row].0, into: &text)
        text += ": "
        members[row].1.write(into: &text, indent: indent)
      }
    }
  }

  private static func join(
    _ open: String, _ close: String, _ count: Int, _ isFlat: Bool, _ indent: String, into text: inout String,
    _ item: (Int, inout String, String) -> Void
  ) {
    let inner = indent + "  "
    text += open
    for row in 0..<count {
      if row > 0 { text += isFlat ? ", " : "," }
      if !isFlat { text += "\n" + inner }
      item(row, &text, inner)
    }
    if !isFlat { text += "\n" + indent }
    text += close
  }

  /// Escapes what RFC 8259 §7 demands.
  private static func quote(_ value: String, into text: inout String) {
    text += "\""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case _ where scalar.value < 0x20: text += "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }
}

extension JSONValue {
  /// A header and a line for each row (RFC 4180); what is not there is empty.
  static func csv(_ keys: [String], _ rows: [[JSONValue]]) -> String {
    ([keys] + rows.map { $0.map(\.field) }).map { $0.joined(separator: ",") + "\r\n" }.joined()
  }

  private var field: String {
    switch self {
    case .text(let text):
      let needsQuotes = text.contains { $0 == "," || $0 == "\"" || $0.isNewline }
      return needsQuotes
        ? "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\"" : text
    case .integer(let digits): return digits
    case .milliseconds(let nanoseconds): return SimDuration(nanoseconds: nanoseconds).exact
    case .null, .array, .object: return ""
    }
  }
}
