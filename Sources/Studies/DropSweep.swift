// Every packet of a run lost once (or doubled, or delayed): the same seed again and again, each time with one mishap more than before.
public import ScenarioModel
public import Simulation
public import SimulationKernel
import Trace
public import Wire

public enum DropSweep {
  /// One run with one mishap.
  public struct Case: Sendable, Equatable {
    /// As a scenario would keep it.
    public var mishap: MishapSpec
    public var endings: [Ending]
    /// A sentence for each law that the run broke; empty when it is sound.
    public var broken: [String]
  }

  /// What became of a session.
  public struct Ending: Sendable, Equatable {
    /// `nil` when it failed.
    public var transport: Transport?
    public var route: String
    public var reason: String
    /// From the click to the end of the switch-over, or to the desktop on reverse connect.
    public var reached: SimDuration?

    init(_ session: SessionResult) {
      transport = session.transport
      route = session.route
      reason = session.reason.code
      reached = session.switched ?? session.connected
    }
  }

  public struct Summary: Sendable {
    /// The same without any mishap.
    public var baseline: [Ending]
    /// In the order of the links' paths, then of the packets.
    public var cases: [Case]
    public var broken: [Case] { cases.filter { !$0.broken.isEmpty } }
    /// Cases in which some session failed.
    public var failed: [Case] { cases.filter { $0.endings.contains { $0.transport == nil } } }
    /// Cases in which some session ended on another transport or route.
    public var diverted: [Case] {
      cases.filter {
        $0.endings.map(\.transport) != baseline.map(\.transport) || $0.endings.map(\.route) != baseline.map(\.route)
      }
    }
    /// The case that came latest to its transport.
    public var slowest: Case? {
      cases.max { ($0.endings.compactMap(\.reached).max() ?? .zero) < ($1.endings.compactMap(\.reached).max() ?? .zero) }
    }
  }

  /// Runs a scenario once for each packet that any link is given in it, from the prologue on, with `fate` befalling that packet.
  /// - Parameter directions: sweeps only these directions of links, by their paths; all when `nil`.
  /// - Throws: when the run without a mishap breaks a law of the simulation.
  public static func run(
    _ scenario: Scenario, fate: MishapSpec.Fate = .lost, on directions: [String]? = nil, seed: UInt64? = nil, workers: Int = 1
  ) async throws(SimulationError) -> Summary {
    let blueprint = Blueprint(scenario)
    let world = World(blueprint, seed: seed)
    let baseline = try Simulator.result(of: world)
    let swept = world.packetsGiven.filter { directions?.contains($0.direction) ?? true }
    let mishaps = swept.flatMap { direction, count in
      (0..<count).map { MishapSpec(link: direction, packet: $0 + 1, fate: fate) }
    }
    let cases = await Workers.run(mishaps.count, workers: workers) { judge(blueprint, mishaps[$0], seed, baseline) }
    return Summary(baseline: baseline.sessions.map(Ending.init), cases: cases)
  }

  private static func judge(_ blueprint: Blueprint, _ mishap: MishapSpec, _ seed: UInt64?, _ baseline: RunResult) -> Case {
    do throws(SimulationError) {
      let result = try Simulator.run(blueprint.meeting(blueprint.scenario.mishaps + [mishap]), seed: seed)
      return Case(mishap: mishap, endings: result.sessions.map(Ending.init), broken: broken(result, mishap, baseline))
    } catch {
      return Case(mishap: mishap, endings: [], broken: [error.description])
    }
  }

  /// What a run may not do whatever is lost: hang, lose its mishap, or break what holds of every session.
  private static func broken(_ result: RunResult, _ mishap: MishapSpec, _ baseline: RunResult) -> [String] {
    var broken: [String] = []
    if result.end != .settled { broken.append("the run ended by \(result.end.rawValue)") }
    let injected = result.story.filter { $0.dropReason != nil && $0.rule >= 0 && result.rules[Int($0.rule)].path == mishap.path }
    // A packet that its link loses anyhow meets no mishap: then nothing is different.
    let isVoid = injected.isEmpty && result.fingerprints.trajectory == baseline.fingerprints.trajectory
    if injected.count != (mishap.fate == .lost ? 1 : 0), !isVoid {
      broken.append("the mishap dropped \(injected.count) packets")
    }
    broken += result.brokenLaws.map(\.sentence)
    for session in result.sessions { broken += Self.broken(session, result).map { "session \(session.ordinal) \($0)" } }
    return broken
  }

  private static func broken(_ session: SessionResult, _ result: RunResult) -> [String] {
    var broken: [String] = []
    if session.reason == .undecided { broken.append("is undecided") }
    // A session that reconnected by itself begins anew.
    let lives = 1 + session.milestones.count { $0.milestone == .interrupted }
    let switches = session.milestones.count { $0.milestone == .switched }
    if switches > lives { broken.append("switched \(switches) times") }
    let decisions = result.story.count { $0.kind == .decision && Int($0.session) == session.ordinal }
    if decisions > lives { broken.append("was decided \(decisions) times") }
    // One that had its desktop and lost it for good had been through all of the sequence.
    if session.connected == nil, session.reason != .undecided { broken += unexplained(session) }
    return broken + miscounted(session)
  }

  /// A failed session says which point of the sequence was not reached, and that is true.
  private static func unexplained(_ session: SessionResult) -> [String] {
    guard let missing = session.cause?.missing else {
      return ["failed (\(session.reason.code)) without a step that was not reached"]
    }
    let reached = session.milestones.contains { $0.milestone == missing }
    return reached ? ["failed at '\(missing.title)', which was reached"] : []
  }

  /// No channel receives what was not sent; and what a session that switched had sent over reverse connect has come, all of it.
  private static func miscounted(_ session: SessionResult) -> [String] {
    var broken: [String] = []
    for total in session.channels {
      let peer = session.channels.first {
        $0.node != total.node && $0.channel == total.channel && $0.transport == total.transport
      }
      let received = peer?.received ?? 0
      let isWhole = session.switched == nil || total.transport != .reverseConnect || session.transport == nil
      if received > total.sent || !isWhole && received < total.sent {
        let words = "\(total.channel) from \(total.node) over \(total.transport.name)"
        broken.append("sent \(total.sent) bytes of \(words) and \(received) came")
      }
    }
    return broken
  }
}
