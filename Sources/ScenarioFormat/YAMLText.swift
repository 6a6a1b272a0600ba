// YAML as it is written: a small tree, printed always the same way.

/// What a writer puts out.
indirect enum Written {
  case scalar(String)
  /// In one line, in brackets.
  case inline([(key: String, value: Written)])
  /// A list in one line.
  case row([Written])
  case list([Written])
  case map([(key: String, value: Written)])

  /// A text of the scenario's author, quoted where YAML would read something else.
  static func text(_ text: String) -> Written { .scalar(quoted(text)) }
  static func words(_ words: [String]) -> Written { .row(words.map(text)) }
  static func flag(_ flag: Bool) -> Written { .scalar(flag ? "on" : "off") }

  /// The whole document.
  var document: String {
    var out = ""
    print(indent: 0, into: &out)
    return out
  }

  /// The value where it stands on one line.
  var line: String? {
    switch self {
    case .scalar(let text): return text
    case .row(let items): return "[\(items.map { $0.line ?? "" }.joined(separator: ", "))]"
    case .inline(let entries):
      let texts = entries.map { "\(Written.quoted($0.key)): \($0.value.line ?? "")" }
      return "{ \(texts.joined(separator: ", ")) }"
    case .list(let items): return items.isEmpty ? "[]" : nil
    case .map(let entries): return entries.isEmpty ? "{}" : nil
    }
  }

  private func print(indent: Int, into out: inout String) {
    let margin = String(repeating: " ", count: indent)
    switch self {
    case .map(let entries):
      for entry in entries {
        out += "\(margin)\(Written.quoted(entry.key)):"
        entry.value.printValue(indent: indent + 2, into: &out)
      }
    case .list(let items):
      for item in items {
        out += "\(margin)-"
        item.printValue(indent: indent + 2, into: &out)
      }
    default: out += "\(margin)\(line ?? "")\n"
    }
  }

  private func printValue(indent: Int, into out: inout String) {
    if let line {
      out += " \(line)\n"
    } else {
      out += "\n"
      print(indent: indent, into: &out)
    }
  }

  /// Plain when made of harmless characters, else in double quotes (YAML 1.2.2 §7.3.1).
  static func quoted(_ text: String) -> String {
    let scalars = text.unicodeScalars
    let harmless = scalars.allSatisfy { scalar in
      switch scalar {
      case "a"..."z", "A"..."Z", "0"..."9", "-", "_", ".", "/", " ": true
      default: false
      }
    }
    if harmless, let first = scalars.first, !" -./".unicodeScalars.contains(first), scalars.last != " " { return text }
    var out = "\""
    for scalar in scalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case "\n": out += "\\n"
      case "\t": out += "\\t"
      case "\r": out += "\\r"
      case "\u{85}", "\u{A0}", "\u{2028}", "\u{2029}", "\u{FEFF}", "\u{00}"..."\u{1F}", "\u{7F}"..."\u{9F}":
        let code = String(scalar.value, radix: 16)
        out += "\\u" + String(repeating: "0", count: 4 - code.count) + code
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out + "\""
  }
}
