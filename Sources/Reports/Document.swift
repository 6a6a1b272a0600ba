// A report as blocks of prose and tables, rendered as plain text or as Markdown.

/// What a report is written in.
public enum ReportFormat: String, Sendable, CaseIterable {
  case text, markdown
}

/// A report: blocks in order.
struct Document {
  enum Block {
    case title(String)
    case heading(String)
    case paragraph(String)
    case list([String])
    case table(TextTable)
    /// To be copied: never wrapped.
    case command(String)
  }

  private(set) var blocks: [Block] = []

  mutating func add(_ block: Block) { blocks.append(block) }

  func rendered(as format: ReportFormat, width: Int) -> String {
    blocks.map { lines(of: $0, format, width).joined(separator: "\n") + "\n" }.joined(separator: "\n")
  }

  private func lines(of block: Block, _ format: ReportFormat, _ width: Int) -> [String] {
    switch (block, format) {
    case (.title(let text), .text): [text, String(repeating: "=", count: text.count)]
    case (.title(let text), .markdown): ["# " + text]
    case (.heading(let text), .text): [text, String(repeating: "-", count: text.count)]
    case (.heading(let text), .markdown): ["## " + text]
    case (.paragraph(let text), .text): wrapped(text, width: width)
    case (.paragraph(let text), .markdown): [text]
    case (.list(let items), .text):
      items.flatMap { item in
        wrapped(item, width: max(width - 4, 40)).enumerated().map { ($0.offset == 0 ? "  - " : "    ") + $0.element }
      }
    case (.list(let items), .markdown): items.map { "- " + $0 }
    case (.command(let text), .text): ["  " + text]
    case (.command(let text), .markdown): ["```", text, "```"]
    case (.table(let table), .text): table.lines.map { "  " + $0 }
    case (.table(let table), .markdown): Self.markdown(table)
    }
  }

  private static func markdown(_ table: TextTable) -> [String] {
    func row(_ cells: [String]) -> String {
      "| "
        + cells.map { $0.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|") }.joined(
          separator: " | ") + " |"
    }
    return [row(table.header), "|" + table.alignments.map { $0 == .left ? " --- |" : " ---: |" }.joined()] + table.rows.map(row)
  }
}
