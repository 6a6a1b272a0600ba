// A session on the client: its first connection, and those that automatic reconnection makes after a loss.
import HostStack
import Protocols
import SimulationKernel
import Trace
import Wire

final class ClientSession: ClientConnectionOwner {
  let ordinal: Int
  private let resource: ComponentKey
  private unowned(unsafe) let role: ClientRole
  private let stack: HostStack
  private let node: NodeID
  private var machine: AutoReconnect
  private var alarm: Alarm?
  private var stored: (configurations: [ConnectionConfiguration], token: AccessToken)?
  /// In the order they were begun; the last one may carry the session.
  private var connections: [ClientConnection] = []
  private var isSettled = false

  init(_ ordinal: Int, resource: ComponentKey, of role: ClientRole) {
    self.ordinal = ordinal
    self.resource = resource
    self.role = role
    self.stack = role.stack
    self.node = role.node
    let seed = role.stack.chance.draw(role.stack.recorder.key(of: role.node), .backoff, UInt64(ordinal))
    var settings = AutoReconnect.Settings()
    settings.isOn = role.settings.reconnects
    machine = AutoReconnect(settings: settings, seed: seed)
    stack.keep(self)
    alarm = Alarm(stack, at: node) { [unowned self] in self.feed(.timer) }
  }

  /// The user selects the resource.
  func click(_ configurations: [ConnectionConfiguration], _ token: AccessToken) {
    stored = (configurations, token)
    let recorder = stack.recorder
    let cause = recorder.currentCause
    recorder.currentCause = recorder.milestone(.click, at: node, session: ordinal)
    connect()
    recorder.currentCause = cause
  }

  private func connect() {
    guard let stored else { return }
    let connection = ClientConnection(ordinal, generation: connections.count, resource: resource, of: role, owner: self)
    connections.append(connection)
    connection.open(stored.configurations, stored.token)
  }

  private func feed(_ input: AutoReconnect.Input) {
    var effects: [AutoReconnect.Effect] = []
    machine.handle(input, at: stack.now, into: &effects)
    alarm?.set(machine.nextDeadline)
    for effect in effects { perform(effect) }
  }

  private func perform(_ effect: AutoReconnect.Effect) {
    switch effect {
    case .interrupted:
      // A resumption that failed belongs to the loss it was for.
      if connections.last?.isInterrupted != true { stack.recorder.milestone(.interrupted, at: node, session: ordinal) }
      if isSettled {
        isSettled = false
        role.observer?.sessionUnsettled(ordinal)
      }
    case .connect:
      stack.recorder.milestone(.reconnecting, at: node, session: ordinal)
      connect()
    case .giveUp: connections.last?.abandon()
    case .failed(let failure):
      if failure == .windowOver { stack.recorder.failure(failure.reason, at: node, session: ordinal) }
      stack.recorder.sessionFailed(failure.reason, at: node, session: ordinal)
      settle()
    }
  }

  // MARK: From its connections

  func connectionActive() { feed(.connected) }
  func connectionSettled() { settle() }

  /// The connection, or what comes before it, has failed or was lost.
  func fail(_ reason: Reason) {
    stack.recorder.failure(reason, at: node, session: ordinal)
    feed(.lost(reason))
  }

  /// The client's machine stops: whatever the session was at, it ends here, and nobody hears of it.
  func vanish() {
    if case .failed = machine.state { return }
    connections.last?.vanish()
    stack.recorder.failure(.machineDown, at: node, session: ordinal)
    stack.recorder.sessionFailed(.machineDown, at: node, session: ordinal)
    settle()
  }

  private func settle() {
    guard !isSettled else { return }
    isSettled = true
    role.observer?.sessionSettled(ordinal)
  }

  func beQuiet() { for connection in connections { connection.beQuiet() } }

  func tellTotals() { for connection in connections { connection.tellTotals() } }
}
