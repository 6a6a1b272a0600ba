// What was captured: files with their packets by interface, and how Wireshark opens them.
public import Captures

public enum CaptureReport {
  public static func text(_ files: [(path: String, file: CaptureFile)], width: Int) -> String {
    var document = Document()
    for (path, file) in files {
      document.add(.paragraph("\(path): \(file.packets) packet\(file.packets == 1 ? "" : "s")"))
      var table = TextTable([("interface", .left), ("packets", .right)])
      for interface in file.interfaces { table.rows.append([interface.name, "\(interface.packets)"]) }
      document.add(.table(table))
    }
    let lines = files.flatMap { path, file in commands(path, file) }
    return document.rendered(as: .text, width: width) + "\n" + lines.map { $0 + "\n" }.joined()
  }

  /// What opens a file, each unwrapped, so that it can be copied.
  public static func commands(_ path: String, _ file: CaptureFile) -> [String] {
    file.readings.map { "to see \($0.shows): wireshark " + ($0.options + [path]).joined(separator: " ") }
  }

  public static func json(_ files: [(path: String, file: CaptureFile)]) -> String {
    JSONValue.object([
      (
        "captures",
        .array(
          files.map { path, file in
            .object([
              ("file", .text(path)), ("packets", .number(file.packets)),
              (
                "interfaces",
                .array(file.interfaces.map { .object([("name", .text($0.name)), ("packets", .number($0.packets))]) })
              ),
              (
                "readings",
                .array(
                  file.readings.map {
                    .object([("shows", .text($0.shows)), ("options", .array($0.options.map { .text($0) }))])
                  })
              ),
            ])
          })
      )
    ]).document
  }
}
