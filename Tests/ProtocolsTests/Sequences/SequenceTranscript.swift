// Transcripts of sequence machines: a line is one input at one time, with the effects it must have and the state it must lead to.
import Protocols
import SimulationKernel
import Testing
import Trace
import Wire

protocol SequenceMachine: Equatable {
  associatedtype Input
  associatedtype Effect: Equatable
  mutating func handle(_ input: Input, at now: SimTime, into effects: inout [Effect])
  var nextDeadline: SimTime? { get }
}

protocol StatefulSequence: SequenceMachine {
  associatedtype State: Equatable
  var state: State { get }
}

extension WorkspaceSubscription: StatefulSequence {}
extension FeedServer: StatefulSequence {}
extension DirectoryServer: StatefulSequence {}
extension GatewaySelection: StatefulSequence {}
extension GatewayClientConnect: StatefulSequence {}
extension GatewayConnection: StatefulSequence {}
extension AutoReconnect: StatefulSequence {}
extension BrokerOrchestration: SequenceMachine {}
extension HostAgent: StatefulSequence {}
extension RDPClientSequence: StatefulSequence {}
extension RDPServerSequence: StatefulSequence {}
extension SoftSyncServer: StatefulSequence {}
extension SoftSyncClient: StatefulSequence {}
extension TunnelClient: StatefulSequence {}
extension TunnelServer: StatefulSequence {}
extension FirstFound: StatefulSequence {}
extension ProxyRequest: StatefulSequence {}
extension ProxyTunnel: StatefulSequence {}

func at(_ milliseconds: Int64) -> SimTime { SimTime.zero + .milliseconds(milliseconds) }

struct Transcript<Machine: SequenceMachine> {
  var machine: Machine
  init(_ machine: Machine) { self.machine = machine }

  /// One line: at `milliseconds`, this input has exactly these effects.
  mutating func callAsFunction(
    _ milliseconds: Int64, _ input: Machine.Input, _ expected: [Machine.Effect] = [],
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    var effects: [Machine.Effect] = []
    machine.handle(input, at: at(milliseconds), into: &effects)
    #expect(effects == expected, sourceLocation: sourceLocation)
  }

  /// Several inputs whose effects other lines prove.
  mutating func given(_ inputs: Machine.Input..., at milliseconds: Int64 = 0) {
    var effects: [Machine.Effect] = []
    for input in inputs { machine.handle(input, at: at(milliseconds), into: &effects) }
  }
}

extension Transcript where Machine: StatefulSequence {
  /// One line that also names the state it leads to.
  mutating func callAsFunction(
    _ milliseconds: Int64, _ input: Machine.Input, _ expected: [Machine.Effect] = [], to state: Machine.State,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    self(milliseconds, input, expected, sourceLocation: sourceLocation)
    #expect(machine.state == state, sourceLocation: sourceLocation)
  }
}

/// The values the transcripts share.
enum Cast {
  static let alice = ComponentKey("alice")
  static let desktop = ComponentKey("desktop")
  static let host = ComponentKey("sh-1")
  static let directoryKey = Secret(id: 11)
  static let feedKey = Secret(id: 12)
  static let certificate = Secret(id: 13)
  static let cookie = Secret(id: 14)
  static let signIn = Secret(id: 15)
  static let directory = Endpoint.none
  static let directoryName = ComponentKey("directory")
  static let gateway = GatewayReference(name: ComponentKey("gateway-1"), endpoint: .none)
  static let other = GatewayReference(name: ComponentKey("gateway-2"), endpoint: .none)
  static let token = AccessToken(user: alice, signature: directoryKey, expires: at(60_000))
  static let configuration = ConnectionConfiguration(resource: desktop, gateways: [gateway, other], signature: feedKey)
  static let request = ConnectionRequest(resource: desktop, token: token, correlation: 7)
}
