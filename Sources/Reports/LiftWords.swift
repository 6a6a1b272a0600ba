// Changes as an administrator would say them: what to do, and where.
import ScenarioModel
import Simulation
import SimulationKernel
import Studies
import Trace

struct LiftWords {
  let run: RunResult

  private var scenario: Scenario { run.scenario }

  /// What to do, as an imperative.
  func words(_ change: Change) -> String {
    switch change {
    case .act(let path, .lift): lifted(path)
    case .act(let path, .restore): lifted(path, "put", " in force")
    case .act: change.text
    case .set(let path, let value): set(path, path.split(separator: ".").map(String.init), value)
    }
  }

  /// Several, joined as a sentence does it.
  func joined(_ changes: [Change], by word: String) -> String {
    changes.enumerated().map { row, change in
      (row == 0 ? "" : row == changes.count - 1 ? " \(word) " : ", ") + words(change)
    }.joined()
  }

  /// Where and what an obstacle is, in a few words.
  func place(_ obstacle: Obstacle) -> String {
    switch obstacle.kind {
    case .drop(let blocker): blocker.place(run.shown(blocker.node))
    case .setting(let name, _): "the setting \(name)"
    case .event(let number): "'\(scenario.events[number - 1].change.text)' at \(scenario.events[number - 1].at.written)"
    case .failure(let failure): "\(failure.reason.clause) (\(failure.reason.code) at \(run.shown(failure.node)))"
    }
  }

  /// As `--set` takes it.
  func option(_ change: Change) -> String {
    let text = change.text
    return "--set " + (text.contains(" ") ? "'\(text)'" : text)
  }

  private func lifted(_ path: String, _ verb: String = "lift", _ end: String = "") -> String {
    let parts = path.split(separator: ".").map(String.init)
    if parts.count == 2, parts[0] == "events", let row = Int(parts[1]), scenario.events.indices.contains(row - 1) {
      return "keep '\(scenario.events[row - 1].change.text)' at \(scenario.events[row - 1].at.written) from happening"
    }
    if let mishap = scenario.mishaps.first(where: { $0.path == path }) {
      return "let packet \(mishap.packet) of \(mishap.link) go unharmed"
    }
    guard parts.count == 5 else { return "lift \(path)" }
    return "\(verb) rule '\(parts[4])' on \(run.shown(parts[1]))\(end)"
  }

  private func set(_ path: String, _ parts: [String], _ value: ChangeValue) -> String {
    let name = parts[parts.count - 1]
    if path.hasPrefix("host-pool.rdp-properties.") { return "set the host pool's RDP property '\(name):i:\(value.text)'" }
    if let term = term(parts, value) { return term }
    if parts[0] == "host-pool" { return "set the host pool's \(name) to \(value.text)" }
    guard parts.count > 2 else { return "lay a private line (VPN or ExpressRoute) from \(value.text)" }
    let owner = run.shown(parts[1])
    switch (parts[0], parts[2]) {
    case ("hosts", "client") where name == "kind": return "use the \(value.text) client on \(owner)"
    case ("hosts", "policy"), ("hosts", "client"): return "set \(name) to \(value.text) on \(owner)"
    case ("hosts", "firewall") where name == "profile": return "give \(owner)'s network the firewall profile \(value.text)"
    case (_, "firewall") where parts.count == 5: return "allow \(value.text.dropFirst("accept ".count)) on \(owner)"
    case (_, "firewall"): return "raise \(name) of \(owner)'s firewall to \(value.text)"
    case ("networks", "nat") where parts.count == 3 && value.text == "none": return "give \(owner) public addresses and no NAT"
    case ("networks", "nat") where parts.count == 3: return "give \(owner) the NAT '\(value.text)'"
    case ("networks", "nat"): return "set \(name) of \(owner)'s NAT to \(value.text)"
    case ("tunnels", "routes"): return "route \(value.text) into '\(owner)'"
    case (_, _) where name == "mtu": return "let '\(owner)' carry packets of \(value.text) bytes"
    case (_, _) where name == "loss": return "mend the loss on '\(owner)'"
    case (_, _) where name == "rate": return "give '\(owner)' \(value.text)"
    default: return "set \(path) to \(value.text)"
    }
  }
}

extension LiftWords {
  /// Changes of the terms on which sessions are let in.
  private func term(_ parts: [String], _ value: ChangeValue) -> String? {
    let rest = parts.dropFirst(parts[0] == "hosts" ? 2 : 1).joined(separator: ".")
    let owner = parts.count > 1 ? run.shown(parts[1]) : ""
    switch (parts[0], rest) {
    case ("hosts", "client.account"): return "let the account of \(owner)'s user sign in"
    case ("hosts", "client.assigned"): return "assign a desktop to \(owner)'s user"
    case ("hosts", "client.graphics-pipeline"): return "use a client with the graphics pipeline on \(owner)"
    case ("hosts", "rdp.requires-graphics-pipeline"): return "let \(owner) take clients without the graphics pipeline"
    case ("hosts", "rdp.sign-in"): return "mend \(owner)'s trust in the directory"
    case ("hosts", "rdp.licensed"): return "have a licence at hand for \(owner)"
    case ("hosts", "tls"): return "enable TLS \(value.text) on \(owner)"
    case ("hosts", "certificate") where value.text == "usual": return "renew \(owner)'s certificate, for its own name"
    case ("hosts", "certificate"): return "let \(owner) show its own self-signed certificate"
    case ("hosts", "forward-proxy.allows"): return "let \(owner) open tunnels to every destination of the service"
    case ("hosts", "forward-proxy.authentication"): return "exempt the service from authentication at \(owner)"
    case ("hosts", "forward-proxy.idle"): return "let \(owner) keep quiet tunnels open"
    case ("service", "token-lifetime"): return "let tokens live \(value.text)"
    case ("service", "valid-signature"): return "sign the configurations with the key that clients trust"
    case ("service", _) where rest.hasPrefix("certificates."): return "let \(run.shown(parts[2])) show its usual certificate"
    case ("service", _) where rest.hasPrefix("tls."): return "let the service speak TLS \(value.text)"
    default: return nil
    }
  }
}

extension BlockerAnswer {
  /// What the answer says, in one word that programs can rely on.
  var kind: String {
    switch verdict {
    case .works: "works"
    case .atLeast: "at-least"
    case .liftable:
      sets.count == 1 ? (sets[0].count == 1 ? "one-of-one" : "all-of") : sets.allSatisfy { $0.count == 1 } ? "any-one-of" : "sets"
    }
  }

  /// What people need to see: the obstacles that some set lifts and those nothing lifts, each place once.
  var evidence: [Obstacle] {
    var shown: [Obstacle] = []
    for obstacle in obstacles where obstacle.lifts.contains(where: uses) || remaining.contains(where: obstacle.isAtPlace(of:)) {
      if let row = shown.firstIndex(where: obstacle.isAtPlace(of:)) {
        shown[row].lifts += obstacle.lifts.filter { !shown[row].lifts.contains($0) }
      } else {
        shown.append(obstacle)
      }
    }
    return shown
  }

  /// The answer as sentences.
  func sentences(_ words: LiftWords) -> [String] {
    let more = isComplete || verdict != .liftable ? [] : ["There may be other ways: the search ended after \(runs) runs."]
    switch verdict {
    case .works: return ["Nothing stands in its way: it works where no other kind of Shortpath is found first."]
    case .atLeast:
      let last = remaining.first.map { words.place($0) } ?? "something that no record names"
      guard let first = sets.first else { return ["At least this stands in the way, and no change here lifts it: \(last)."] }
      return [
        "At least these stand in the way: \(words.joined(first, by: "and")); and behind that, which no change here lifts: \(last)."
      ]
    case .liftable:
      let common = self.common
      let rests = sets.map { set in set.filter { !common.contains($0) } }
      if sets.count == 1 {
        let lead = sets[0].count == 1 ? "This makes it work" : "All of these are needed"
        return ["\(lead): \(words.joined(sets[0], by: "and"))."] + more
      }
      guard rests.allSatisfy({ $0.count == 1 }) else {
        return ["Any one of these sets makes it work; all of a set is needed:"]
          + sets.enumerated().map { "(\($0.offset + 1)) \(words.joined($0.element, by: "and"))." } + more
      }
      let either = words.joined(rests.map { $0[0] }, by: "or")
      if common.isEmpty { return ["Any one of these makes it work: \(either)."] + more }
      return ["All of these are needed: \(words.joined(common, by: "and")); and with them any one of these: \(either)."] + more
    }
  }
}
