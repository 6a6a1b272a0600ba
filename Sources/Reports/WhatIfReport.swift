// `shortpath whatif`: one plain sentence, then only what differs, the meant apart from the side effects; as text and as JSON.
import ScenarioModel
import Simulation
import SimulationKernel
public import Studies

public enum WhatIfReport {
  // MARK: For people

  public static func text(_ answer: WhatIf, width: Int = 120) -> String {
    var document = Document()
    document.add(.paragraph(sentence(answer)))
    let rows = answer.sessions + answer.others.filter { $0.subject != .expectation }
    let meant = rows.filter(\.isIntended)
    for (heading, effects) in [
      (meant.isEmpty ? "What differs" : "Side effects", rows.filter { !$0.isIntended }), ("Intended", meant),
    ].reversed() where effects.contains(where: { !$0.differences.isEmpty }) {
      document.add(.heading(heading))
      document.add(.table(table(effects)))
      let told = effects.filter { $0.subject == .session && $0.sentences.before != $0.sentences.after }
      if !told.isEmpty {
        document.add(.list(told.map { "Session \($0.ordinal) then: \($0.sentences.after)" }))
      }
    }
    let verdicts = answer.others.filter { $0.subject == .expectation }
    for (heading, effects) in [
      ("Expectations that would no longer hold", verdicts.filter(\.isBroken)),
      ("Expectations that would hold then", verdicts.filter { !$0.isBroken }),
    ] where !effects.isEmpty {
      document.add(.heading(heading))
      document.add(.list(effects.map { $0.title + ($0.isBroken ? "; found \($0.sentences.after)" : "") }))
    }
    let changes = answer.changes.map(\.text).joined(separator: ", ")
    document.add(.paragraph("With \(changes); seed \(answer.seed) both times."))
    return document.rendered(as: .text, width: width)
  }

  private static func table(_ effects: [Effect]) -> TextTable {
    var table = TextTable([("who", .left), ("what", .left), ("as it is", .left), ("with the changes", .left)])
    for effect in effects {
      for (row, difference) in effect.differences.enumerated() {
        let who = "\(effect.subject.rawValue) \(effect.ordinal), \(effect.title)"
        table.rows.append([
          row == 0 ? who : "", label(difference.what), text(difference.before), text(difference.after),
        ])
      }
    }
    return table
  }

  private static func label(_ what: String) -> String {
    switch what {
    case "desktop": "desktop ms"
    case "switched": "switched ms"
    case "rtt-before": "rtt before ms"
    case "rtt": "rtt ms"
    case "losses": "transports lost"
    case "gets-in": "gets in"
    case "seen-as": "seen as"
    default:
      what.hasPrefix("attempt-")
        ? String(what.dropFirst("attempt-".count)) : what.hasPrefix("blockers-") ? "stopped by" : what
    }
  }

  private static func text(_ finding: Finding) -> String {
    switch finding {
    case .nothing: "-"
    case .word(let word): word
    case .time(let time): milliseconds(time)
    case .count(let count): "\(count)"
    }
  }

  // MARK: One sentence

  /// What would change, for every session of the file.
  public static func sentence(_ answer: WhatIf) -> String {
    guard answer.isAffected else {
      if answer.sessions.count == 1 { return "Nothing would change: session 1 would stay \(stay(answer.places[0].before))." }
      let all = answer.sessions.isEmpty ? "" : " for any of the \(answer.sessions.count) sessions"
      return "Nothing would change\(all)."
    }
    // Sessions of which the same is to be said are told of together; those that are not affected come last.
    var groups: [(clause: String, sessions: [Int])] = []
    for (effect, place) in zip(answer.sessions, answer.places) where !effect.differences.isEmpty {
      let clause = "would " + clause(effect, place)
      if let row = groups.firstIndex(where: { $0.clause == clause }) {
        groups[row].sessions.append(effect.ordinal)
      } else {
        groups.append((clause, [effect.ordinal]))
      }
    }
    let rest = answer.sessions.filter(\.differences.isEmpty).map(\.ordinal)
    if !rest.isEmpty { groups.append((rest.count == 1 ? "is not affected" : "are not affected", rest)) }
    var clauses = groups.map { "\(named($0.sessions)) \($0.clause)" }
    for rogue in answer.others where rogue.subject == .rogue {
      clauses.append("rogue \(rogue.ordinal) would \(rogue.differences[0].after == .word("yes") ? "get in" : "be kept out")")
    }
    let probes = answer.others.filter { $0.subject == .probe }.count
    if probes > 0 { clauses.append("\(counted(probes, "probe")) would fare otherwise") }
    let broken = answer.others.filter(\.isBroken).count
    if broken > 0 { clauses.append("\(counted(broken, "expectation")) would no longer hold") }
    let text = clauses.joined(separator: "; ")
    return text.prefix(1).uppercased() + text.dropFirst() + "."
  }

  private static func named(_ sessions: [Int]) -> String {
    let words = sessions.map { "\($0)" }
    return sessions.count == 1
      ? "session \(words[0])" : "sessions \(words.dropLast().joined(separator: ", ")) and \(words[words.count - 1])"
  }

  private static func clause(_ effect: Effect, _ place: (before: WhatIf.Place, after: WhatIf.Place)) -> String {
    let (old, new) = place
    if old != new {
      if new.transport == "none" { return "fail, instead of being \(stay(old))" }
      if old.transport == "none" { return "no longer fail but be \(stay(new))" }
      let isSame = old.transport == new.transport
      return
        "go from \(isSame ? words(old) : name(old)) to \(isSame ? words(new) : new.transport == "reverse-connect" ? name(new) : words(new))"
    }
    if old.transport == "none" { return "fail as before, in another way" }
    let lead = "stay \(stay(new))"
    for what in ["losses", "reconnects"] {
      guard let difference = effect.difference(what) else { continue }
      if case .count(let before) = difference.before, case .count(let after) = difference.after, before != after {
        return lead
          + (after == 0
            ? ", and no longer lose its transport" : ", and lose its transport \(after == 1 ? "once" : "\(after) times")")
      }
      return lead + ", and lose its transport in another way"
    }
    if effect.difference("reason") != nil { return lead + ", for another reason" }
    for (what, words) in [("switched", "switch"), ("desktop", "have its desktop")] {
      guard let difference = effect.difference(what), case .time(let before) = difference.before,
        case .time(let after) = difference.after
      else { continue }
      let by = before < after ? after - before : before - after
      return "\(lead), and \(words) \(milliseconds(by)) ms \(before < after ? "later" : "sooner")"
    }
    if let difference = effect.difference("rtt"), case .time = difference.before, case .time = difference.after {
      return "\(lead), with a round trip of \(text(difference.after)) ms instead of \(text(difference.before)) ms"
    }
    return "\(lead); only its other attempts would fare otherwise"
  }

  private static func name(_ place: WhatIf.Place) -> String {
    place.transport == "reverse-connect" ? "reverse connect" : place.transport
  }

  private static func words(_ place: WhatIf.Place) -> String {
    switch place.route {
    case "": name(place)
    case "internet": "\(name(place)) over the internet"
    case "lan": "\(name(place)) over the local network"
    default: "\(name(place)) over '\(place.route)'"
    }
  }

  private static func stay(_ place: WhatIf.Place) -> String {
    switch place.transport {
    case "none": "without a connection"
    case "undecided": "undecided"
    default: "on \(words(place))"
    }
  }

  // MARK: For programs

  /// One object; keys are only ever added behind the others.
  public static func json(_ answer: WhatIf) -> String { JSONValue.object(members(answer)).document }

  static func members(_ answer: WhatIf) -> [(String, JSONValue)] {
    [
      ("scenario", .text(answer.scenario)), ("seed", .number(answer.seed)),
      ("changes", .array(answer.changes.map { .text($0.text) })), ("sentence", .text(sentence(answer))),
      ("affected", .flag(answer.isAffected)),
      ("sessions", .array(zip(answer.sessions, answer.places).map { value($0, $1) })),
      ("others", .array(answer.others.map { value($0) })),
    ]
  }

  private static func value(_ effect: Effect, _ place: (before: WhatIf.Place, after: WhatIf.Place)? = nil) -> JSONValue {
    var members: [(String, JSONValue)] = [
      ("subject", .text(effect.subject.rawValue)), ("number", .number(effect.ordinal)), ("title", .text(effect.title)),
      ("intended", .flag(effect.isIntended)), ("affected", .flag(!effect.differences.isEmpty)),
    ]
    if let place { members += [("transport", .text(place.after.transport)), ("route", .text(place.after.route))] }
    members.append(
      (
        "differences",
        .array(
          effect.differences.map {
            .object([("what", .text($0.what)), ("before", value($0.before)), ("after", value($0.after))])
          })
      ))
    members.append(("sentence", effect.sentences.after.isEmpty ? .null : .text(effect.sentences.after)))
    return .object(members)
  }

  /// Times are milliseconds.
  private static func value(_ finding: Finding) -> JSONValue {
    switch finding {
    case .nothing: .null
    case .word(let word): .text(word)
    case .time(let time): .milliseconds(time.nanoseconds)
    case .count(let count): .number(count)
    }
  }
}
