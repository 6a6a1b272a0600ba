// Names of the trace's words as results print and store them: a case in lower case with hyphens. Made once.
public import Wire

extension Milestone {
  public var code: String { Names.milestones[Int(rawValue)] }
}

extension RecordKind {
  public var code: String { Names.kinds[Int(rawValue)] }
}

extension ConversationTopic {
  public var code: String { Names.topics[Int(rawValue)] }
}

private enum Names {
  static let milestones = table(Milestone.allCases.map { ($0.rawValue, "\($0)") })
  static let kinds = table(RecordKind.allCases.map { ($0.rawValue, "\($0)") })
  static let topics = table(ConversationTopic.allCases.map { ($0.rawValue, $0.name) })

  private static func table(_ names: [(UInt8, String)]) -> [String] {
    var table = [String](repeating: "", count: 256)
    for (value, name) in names {
      table[Int(value)] = name.reduce(into: "") { text, letter in
        if letter.isUppercase { text += "-" }
        text += letter.lowercased()
      }
    }
    return table
  }
}
