// Mishaps, and the workload that suffers from them.
import ScenarioModel
import SimulationKernel
import VirtualDesktop

extension MishapSpec {
  static func read(_ cursor: Cursor) -> MishapSpec {
    var spec = MishapSpec(link: "", packet: 0)
    cursor.map("a mishap") { map -> Void? in
      spec.link = map.require("link") { $0.name("a link's direction") } ?? ""
      spec.packet = map.require("packet") { $0.integer(1...Int.max) } ?? 0
      map.read("fate", into: &spec.fate) { $0.word(Vocabulary.fates) }
      let delay = map["by"]?.duration()
      if case .delayed = spec.fate {
        if let delay { spec.fate = .delayed(delay) } else { _ = map.require("by") { $0.duration() } }
      } else {
        map["by"]?.report("'by' says how much later a delayed packet comes; this one is \(Vocabulary.word(spec.fate))")
      }
    }
    return spec
  }
}

extension Vocabulary {
  static let fates: Words<MishapSpec.Fate> = [("lost", .lost), ("doubled", .doubled), ("delayed", .delayed(.zero))]

  static func word(_ fate: MishapSpec.Fate) -> String {
    if case .delayed = fate { "delayed" } else { word(fate, fates) }
  }
}

extension DesktopWorkload {
  /// A preset's name, or a map with an optional preset and what differs from it.
  static func read(_ cursor: Cursor) -> DesktopWorkload? {
    let presets = DesktopWorkload.presets.map { (name: $0.name, value: $0.value) }
    guard case .map = cursor.node.content else { return cursor.word(presets) }
    return cursor.map("a workload") { map in
      var workload = map["preset"]?.word(presets) ?? DesktopWorkload()
      // A channel message's length is 32 bits (MS-RDPEDYC §2.2.3.1).
      func size(_ key: String, _ field: WritableKeyPath<DesktopWorkload, ByteCount>) {
        map.read(key, into: &workload[keyPath: field]) { $0.bytes(0...16_777_216).map { ByteCount(Int64($0)) } }
      }
      size("graphics", \.graphics)
      size("input", \.input)
      size("redirection", \.redirection)
      map.read("every", into: &workload.every) { cursor in
        cursor.duration().flatMap { $0 > .zero ? $0 : cursor.expected("a duration above 0 s") }
      }
      map.read("lasts", into: &workload.lasts) { $0.optional("session") { $0.duration() } }
      return workload
    }
  }
}

extension ScenarioWriter {
  static func mishap(_ spec: MishapSpec) -> Written {
    var entries: [(key: String, value: Written)] = [
      ("link", .text(spec.link)), ("packet", .scalar("\(spec.packet)")), ("fate", .scalar(Vocabulary.word(spec.fate))),
    ]
    if case .delayed(let delay) = spec.fate { entries.append(("by", .scalar(delay.written))) }
    return .inline(entries)
  }

  static func workload(_ spec: DesktopWorkload) -> Written {
    .inline([
      ("graphics", .scalar(spec.graphics.written)), ("input", .scalar(spec.input.written)),
      ("redirection", .scalar(spec.redirection.written)), ("every", .scalar(spec.every.written)),
      ("lasts", .scalar(spec.lasts?.written ?? "session")),
    ])
  }
}
