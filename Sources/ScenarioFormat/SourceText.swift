// A file's text, or why it is none: a size limit that is met before the file is read, and a check that it is text at all.
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Text that may be YAML.
enum SourceText {
  /// 1 MiB (*assumed*: a thousand times a usual scenario).
  static let maximumBytes = 1_048_576

  static func read(file path: String) throws(ScenarioFileError) -> String {
    func failure(_ kind: ScenarioFileError.Kind, _ message: String) -> ScenarioFileError {
      ScenarioFileError(kind, file: path, problems: [.init(line: 0, column: 0, message: message)])
    }
    guard let file = fopen(path, "rb") else {
      let code = errno
      if code == ENOENT || code == ENOTDIR { throw failure(.missing, "there is no such file") }
      throw failure(.unreadable, "cannot be read: \(String(cString: strerror(code)))")
    }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: maximumBytes + 1)
    let count = fread(&bytes, 1, bytes.count, file)
    if ferror(file) != 0 {
      let code = errno
      if code == EISDIR { throw failure(.invalid, "is a directory, not a scenario file") }
      throw failure(.unreadable, "cannot be read: \(String(cString: strerror(code)))")
    }
    bytes.removeLast(bytes.count - count)
    try check(size: bytes.count, name: path)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw ScenarioFileError(.invalid, file: path, problems: [firstBadByte(of: bytes)])
    }
    return text
  }

  static func check(size: Int, name: String) throws(ScenarioFileError) {
    guard size > maximumBytes else { return }
    let message = "is larger than 1 MiB, the most a scenario file may have"
    throw ScenarioFileError(.invalid, file: name, problems: [.init(line: 0, column: 0, message: message)])
  }

  /// Where the bytes cease to be UTF-8.
  private static func firstBadByte(of bytes: [UInt8]) -> ScenarioFileError.Problem {
    var low = 0
    var high = bytes.count
    // The longest prefix that is UTF-8, a character cut off at its end allowed for, by halving.
    while low < high {
      let middle = (low + high + 1) / 2
      let whole = (max(0, middle - 3)...middle).contains { String(validating: bytes[..<$0], as: UTF8.self) != nil }
      if whole { low = middle } else { high = middle - 1 }
    }
    while low > 0, String(validating: bytes[..<low], as: UTF8.self) == nil { low -= 1 }
    let good = String(decoding: bytes[..<low], as: UTF8.self)
    let (line, column) = position(after: good.unicodeScalars)
    return .init(line: line, column: column, message: "not a text: the byte \(hexadecimal(bytes[low])) is not UTF-8")
  }

  /// The first control character that YAML does not allow (YAML 1.2.2 §5.1), as a problem.
  static func firstControlCharacter(of text: String) -> ScenarioFileError.Problem? {
    let scalars = text.unicodeScalars
    let bad = scalars.firstIndex { scalar in
      switch scalar.value {
      case 0x09, 0x0A, 0x0D, 0x85: false
      case ..<0x20, 0x7F..<0xA0, 0xFFFE, 0xFFFF: true
      default: false
      }
    }
    guard let bad else { return nil }
    let (line, column) = position(after: scalars[..<bad])
    let code = String(scalars[bad].value, radix: 16, uppercase: true)
    let zeros = String(repeating: "0", count: max(0, 4 - code.count))
    return .init(line: line, column: column, message: "not a text: the control character U+\(zeros)\(code)")
  }

  static func position(after scalars: some Collection<Unicode.Scalar>) -> (line: Int, column: Int) {
    var line = 1
    var column = 1
    for scalar in scalars {
      column += 1
      if scalar == "\n" { (line, column) = (line + 1, 1) }
    }
    return (line, column)
  }

  private static func hexadecimal(_ byte: UInt8) -> String {
    "0x" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
  }
}
