// Aligned columns for terminals, and the wrapping of sentences.
import SimulationKernel

/// A table of plain text.
struct TextTable {
  enum Alignment { case left, right }

  var header: [String]
  var alignments: [Alignment]
  var rows: [[String]] = []

  init(_ columns: [(String, Alignment)]) {
    header = columns.map(\.0)
    alignments = columns.map(\.1)
  }

  private var widths: [Int] {
    header.indices.map { column in rows.reduce(header[column].count) { max($0, $1[column].count) } }
  }

  /// The width of the whole table in characters.
  var width: Int { widths.reduce(0, +) + 2 * (header.count - 1) }

  /// Header, rule and rows, two spaces between columns, nothing behind the last.
  var lines: [String] {
    let widths = widths
    func line(_ cells: [String]) -> String {
      var text = ""
      for (column, cell) in cells.enumerated() {
        let pad = String(repeating: " ", count: widths[column] - cell.count)
        text += (column > 0 ? "  " : "") + (alignments[column] == .left ? cell + pad : pad + cell)
      }
      while text.last == " " { text.removeLast() }
      return text
    }
    return [line(header), line(widths.map { String(repeating: "-", count: $0) })] + rows.map(line)
  }
}

/// Breaks a text at spaces so that no line is longer than `width`, unless a single word is.
func wrapped(_ text: String, width: Int) -> [String] {
  var lines: [String] = []
  var line = ""
  for word in text.split(separator: " ") {
    if line.isEmpty {
      line = String(word)
    } else if line.count + 1 + word.count <= width {
      line += " " + word
    } else {
      lines.append(line)
      line = String(word)
    }
  }
  return line.isEmpty && !lines.isEmpty ? lines : lines + [line]
}

/// Milliseconds with three decimals and no unit; `-` where there is no value.
func milliseconds(_ value: SimDuration?) -> String { value.map { String($0.description.dropLast(3)) } ?? "-" }

/// "1 packet", "2 packets".
func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
