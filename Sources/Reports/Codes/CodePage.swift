// A page of `shortpath codes`: what a code means, how to see the same in a real estate, and what to do.
import Trace

/// What there is to know about one code.
public struct CodePage: Sendable, Equatable {
  /// The code as results print it.
  public var code: String
  /// One line.
  public var title: String
  /// Why it happens.
  public var cause: String
  /// How to see it with the tools and logs of a real estate.
  public var confirm: String
  /// The smallest change that helps.
  public var fix: String
  /// Where the facts come from.
  public var source: String

  /// The page of a reason.
  init(_ reason: Reason, _ title: String, cause: String, confirm: String, fix: String, source: String) {
    self.init(reason.code, title, cause, confirm, fix, source)
  }

  /// The page of a drop.
  init(_ reason: DropReason, _ title: String, cause: String, confirm: String, fix: String, source: String) {
    self.init(reason.code, title, cause, confirm, fix, source)
  }

  private init(_ code: String, _ title: String, _ cause: String, _ confirm: String, _ fix: String, _ source: String) {
    self.code = code
    self.title = title
    self.cause = cause
    self.confirm = confirm
    self.fix = fix
    self.source = source
  }

  /// The page as text, its paragraphs wrapped to `width`.
  public func text(width: Int = 100) -> String {
    var lines = ["\(code): \(title)"]
    for (name, words) in [("Cause", cause), ("Confirm", confirm), ("Fix", fix), ("Source", source)] {
      lines.append("")
      lines.append(name)
      lines += wrapped(words, width: max(width - 2, 40)).map { "  " + $0 }
    }
    // A command is not wrapped: it is there to be copied.
    if let scenario { lines += ["", "Try it", "  shortpath explain \(scenario)"] }
    return lines.joined(separator: "\n") + "\n"
  }
}

/// The pages of all codes.
public enum Codes {
  /// Groups of pages in the order they are listed.
  public static let groups: [(name: String, pages: [CodePage])] = [
    ("An attempt won, or the session's choice", CodePage.choices),
    ("An attempt was not tried", CodePage.notTried),
    ("An attempt failed", CodePage.failures),
    ("An attempt was abandoned", CodePage.abandonments),
    ("The session itself failed", CodePage.sessionFailures),
    ("An explicit proxy failed a session, or refused", CodePage.proxyFailures),
    ("A certificate, a TLS version or a signature was refused", CodePage.securityFailures),
    ("A packet was dropped by the network", CodePage.networkDrops),
    ("A packet was dropped at its destination", CodePage.hostDrops),
  ]

  /// All pages.
  public static var pages: [CodePage] { groups.flatMap(\.pages) }

  /// The page of a code.
  public static func page(of code: String) -> CodePage? {
    for group in groups { if let page = group.pages.first(where: { $0.code == code }) { return page } }
    return nil
  }

  /// The title of a code's page, or the code itself.
  static func title(of code: String) -> String { page(of: code)?.title ?? code }

  /// All codes with their titles.
  public static func list() -> String {
    let width = pages.reduce(0) { max($0, $1.code.count) }
    return groups.map { group in
      ([group.name] + group.pages.map { "  " + $0.code + String(repeating: " ", count: width + 2 - $0.code.count) + $0.title })
        .joined(separator: "\n") + "\n"
    }.joined(separator: "\n")
  }
}
