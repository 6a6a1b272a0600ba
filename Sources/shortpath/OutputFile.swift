// Files that commands write: whole or not at all, never in the place of something that is no file.
import Foundation

enum OutputFile {
  /// Writes a file; `-` is stdout. A link is followed, and what is no regular file (a pipe, a device) is written into.
  static func write(_ bytes: [UInt8], to path: String) throws {
    if path == "-" { return try Console.print(bytes) }
    let target = URL(filePath: path).resolvingSymlinksInPath().path()
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: target, isDirectory: &isFolder) {
      if isFolder.boolValue { throw Console.stop(.usage, "\(path) is a folder; a file is needed") }
      let type = try? FileManager.default.attributesOfItem(atPath: target)[.type] as? FileAttributeType
      if type != .typeRegular { return try pour(bytes, into: target, named: path) }
    }
    do { try Data(bytes).write(to: URL(filePath: target), options: .atomic) } catch {
      throw Console.stop(.inputOutput, "\(path) cannot be written: \(error.localizedDescription)")
    }
  }

  private static func pour(_ bytes: [UInt8], into target: String, named path: String) throws {
    signal(SIGPIPE, SIG_IGN)
    let descriptor = open(target, O_WRONLY)
    let trouble = descriptor < 0 ? errno : Console.write(bytes, to: descriptor)
    if descriptor >= 0 { close(descriptor) }
    guard let trouble, trouble != EPIPE else { return }
    throw Console.stop(.inputOutput, "\(path) cannot be written: \(String(cString: strerror(trouble)))")
  }

  /// Demands that outputs are apart from each other and from what is read.
  static func check(_ outputs: [String?], beside inputs: [String]) throws {
    func place(_ path: String) -> String { URL(filePath: path).resolvingSymlinksInPath().standardizedFileURL.path() }
    var taken = Set(inputs.map(place))
    for output in outputs.compactMap({ $0 }) where output != "-" {
      if !taken.insert(place(output)).inserted {
        throw Console.stop(.usage, "\(output) would be written over: it is read, or written to by another option")
      }
    }
  }
}
