// Every kind of NAT on the client's side against every kind on the host's: one whole session each, from the click to its last attempt.
import NetworkModel
public import ScenarioModel
public import Simulation
public import SimulationKernel
public import Trace
import VirtualDesktop
public import Wire

public enum NATMatrix {
  /// What became of the session between two kinds.
  public struct Cell: Sendable, Equatable {
    /// The kinds' names.
    public var client: String
    public var host: String
    /// `nil` when the session failed or is undecided.
    public var transport: Transport?
    public var route: String
    public var reason: Reason
    /// One plain sentence why.
    public var sentence: String
    /// From the click to the desktop.
    public var connected: SimDuration?
    /// From the click to the end of the switch-over; `nil` when it stayed on reverse connect.
    public var switched: SimDuration?
    public var roundTrip: SimDuration?
    /// What stood in the way of Shortpath for public networks; `nil` when nothing did.
    public var blocker: Blocker?
    /// Events of the run.
    public var events: UInt64
  }

  static let clientSide = "client-side", hostSide = "host-side", core = "core"

  /// A client and a session host, each behind a network of its own, and one network between them, which the service hangs on. The ways
  /// up take 5 ms and 10 ms (*assumed*), so that the two sides can be told apart; nothing is lost.
  public static var base: Scenario {
    var scenario = Scenario(id: "matrix", title: "Client NAT x host NAT")
    for (side, delay) in [(clientSide, Int64(5)), (hostSide, 10)] {
      var network = NetworkSpec(id: side)
      network.uplink = UplinkSpec(to: core, settings: PathSpec(LinkSettings(delay: .milliseconds(delay))))
      scenario.networks.append(network)
    }
    scenario.networks.append(NetworkSpec(id: core))
    scenario.hosts = [
      HostSpec(id: "client", role: .client, network: clientSide), HostSpec(id: "host", role: .sessionHost, network: hostSide),
    ]
    var session = SessionSpec(client: "client", host: "host", at: .zero)
    // The question is which path is taken; what goes over it later decides nothing.
    session.workload.lasts = .zero
    scenario.sessions = [session]
    scenario.timing.linger = .milliseconds(100)
    return scenario
  }

  /// The base with two kinds put in their places.
  public static func scenario(client: NATKind, host: NATKind, in base: Scenario = NATMatrix.base) -> Scenario {
    var scenario = base
    for (side, kind) in [(clientSide, client), (hostSide, host)] {
      guard let row = scenario.networks.firstIndex(where: { $0.id == side }) else {
        preconditionFailure("a matrix's base without a network '\(side)'")
      }
      scenario.networks[row].translation = kind.translation
      scenario.networks[row].translationName = kind.translation == nil ? nil : kind.name
      scenario.networks[row].firewall = kind.firewall
    }
    scenario.normalise()
    return scenario
  }

  /// Runs all pairs of kinds on `workers` tasks; the cells come row by row, a client's kind with every host's.
  /// - Throws: when a run breaks a law of the simulation.
  public static func run(
    _ kinds: [NATKind], base: Scenario = NATMatrix.base, seed: UInt64? = nil, workers: Int = 1
  ) async throws(SimulationError) -> [Cell] {
    let outcomes = await Workers.run(kinds.count * kinds.count, workers: workers) { job in
      cell(kinds[job / kinds.count], kinds[job % kinds.count], base, seed)
    }
    var cells: [Cell] = []
    for outcome in outcomes { cells.append(try outcome.get()) }
    return cells
  }

  private static func cell(_ client: NATKind, _ host: NATKind, _ base: Scenario, _ seed: UInt64?) -> Result<Cell, SimulationError>
  {
    do throws(SimulationError) {
      let result = try Simulator.run(scenario(client: client, host: host, in: base), seed: seed)
      let session = result.sessions[0]
      let open = session.attempts.first { $0.transport == .public }
      return .success(
        Cell(
          client: client.name, host: host.name, transport: session.transport, route: session.route, reason: session.reason,
          sentence: session.sentence, connected: session.connected, switched: session.switched, roundTrip: session.roundTrip,
          blocker: open?.mainBlocker, events: result.events))
    } catch {
      return .failure(SimulationError("\(client.name) x \(host.name): \(error.description)"))
    }
  }
}
