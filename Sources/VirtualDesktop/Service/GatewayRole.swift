// A gateway instance: answers probes, takes clients and session hosts over TLS, asks the broker, and relays between the two.
public import HostStack
import Protocols
public import SimulationKernel
import Trace
public import Wire

/// A gateway instance at its node.
public final class GatewayRole: ServiceChannelOwner {
  private let stack: HostStack
  private let node: NodeID
  private let reference: GatewayReference
  private let broker: Endpoint
  private let brokerName: ComponentKey
  private let identity: ServiceIdentity
  private var brokerChannel: ServiceChannel?
  /// Channels to the broker opened so far.
  private var tries: UInt64 = 0
  private var reopening: Alarm?
  /// From the loss of the broker's channel to the next try (*assumed*, as the host's agent).
  static let backoff = SimDuration.seconds(5)
  private var clients: [Client] = []
  private var byCorrelation: [Correlation: Client] = [:]
  private var byChannel: [ObjectIdentifier: Client] = [:]
  /// Hosts that joined naming a connection whose number the broker's answer has not brought yet.
  private var early: [UInt64: ServiceChannel] = [:]
  /// How long it waits for that answer (*assumed*, as for the host).
  static let patience = SimDuration.seconds(30)
  private var expected: [UInt64: Client] = [:]
  private var relaying: UInt32 = 0

  /// One client's connection with its machine.
  private final class Client: RelayOwner {
    /// It holds its clients, so they do not hold it.
    unowned(unsafe) let gateway: GatewayRole
    let channel: ServiceChannel
    var host: ServiceChannel?
    var machine: GatewayConnection
    var session = 0
    var correlation: Correlation = 0
    /// The connection whose host it waits for.
    var awaited: UInt64?
    var relay: Relay?
    var alarm: Alarm?

    init(_ gateway: GatewayRole, _ channel: ServiceChannel, _ machine: GatewayConnection) {
      self.gateway = gateway
      self.channel = channel
      self.machine = machine
    }

    func relayEnded(_ relay: Relay, clientLegFirst: Bool, _ failure: CarrierFailure?) {
      gateway.relaying -= 1
      gateway.feed(self, .legClosed(clientLegFirst ? .client : .host))
      gateway.feed(self, .legClosed(clientLegFirst ? .host : .client))
    }
  }

  public init(
    at node: NodeID, address: IPAddress, broker: Endpoint, brokerName: ComponentKey, identity: ServiceIdentity, stack: HostStack
  ) {
    self.stack = stack
    self.node = node
    self.reference = GatewayReference(name: stack.recorder.key(of: node), endpoint: Endpoint(address, ServicePort.https))
    self.broker = broker
    self.brokerName = brokerName
    self.identity = identity
    stack.keep(self)
    stack.listen(at: node, port: ServicePort.https, Entrance(gateway: self))
    reopening = Alarm(stack, at: node) { [unowned self] in self.openBrokerChannel() }
    openBrokerChannel()
  }

  private func openBrokerChannel() {
    let conversation = stack.open(.brokerChannel, by: node, subject: tries)
    tries += 1
    brokerChannel = ServiceChannel(
      from: node, to: broker, name: brokerName, tls: identity.tls, in: conversation, stack: stack, owner: self)
  }

  // MARK: The broker's channel, and joining hosts

  func channelUp(_ channel: ServiceChannel) {}

  func channel(_ channel: ServiceChannel, received message: ServiceMessage) {
    if channel === brokerChannel {
      answered(message)
      return
    }
    switch message {
    case .connect(let request):
      let machine = GatewayConnection(
        settings: GatewayConnection.Settings(gateway: reference, directoryKey: ServiceTrust.directoryKey))
      let client = Client(self, channel, machine)
      client.session = Int(request.correlation.session)
      client.correlation = request.correlation
      client.alarm = Alarm(stack, at: node) { [unowned self, unowned client] in self.feed(client, .timer) }
      clients.append(client)
      byCorrelation[client.correlation] = client
      byChannel[ObjectIdentifier(channel)] = client
      feed(client, .clientRequest(request))
    case .hostJoin(let connection):
      if let client = expected.removeValue(forKey: connection) {
        join(channel, client, connection)
      } else {
        early[connection] = channel
        // Nobody may be waiting for it any more.
        Alarm(stack, at: node) { [unowned self] in self.early.removeValue(forKey: connection)?.close() }
          .set(stack.now + Self.patience)
      }
    default: channel.close()
    }
  }

  /// Answers share the broker's channel; each names the session it is about.
  private func answered(_ message: ServiceMessage) {
    switch message {
    case .orchestrated(_, let correlation, _), .refused(_, let correlation):
      if let client = byCorrelation[correlation], !client.channel.isOver { feed(client, .brokerAnswer(message)) }
    default: break
    }
  }

  private func join(_ channel: ServiceChannel, _ client: Client, _ connection: UInt64) {
    client.host = channel
    byChannel[ObjectIdentifier(channel)] = client
    feed(client, .hostJoined(connection))
  }

  func channelLost(_ channel: ServiceChannel, _ loss: ChannelLoss) {
    if channel === brokerChannel {
      if !channel.wasUp { stack.recorder.failure(loss.reason(unreachable: .brokerUnavailable), at: node, session: 0) }
      for client in clients { feed(client, .brokerLost) }
      reopening?.set(stack.now + Self.backoff)
    } else if let client = byChannel[ObjectIdentifier(channel)] {
      feed(client, .legClosed(client.channel === channel ? .client : .host))
    }
  }

  private func feed(_ client: Client, _ input: GatewayConnection.Input) {
    var effects: [GatewayConnection.Effect] = []
    client.machine.handle(input, at: stack.now, into: &effects)
    for effect in effects {
      switch effect {
      case .askBroker(let message):
        guard let brokerChannel, !brokerChannel.isOver else { return feed(client, .brokerLost) }
        brokerChannel.send(message)
      case .expectHost(let connection):
        // A host that came early may have left again.
        if let channel = early.removeValue(forKey: connection), !channel.isOver {
          join(channel, client, connection)
        } else {
          expected[connection] = client
          client.awaited = connection
        }
      case .toClient(let message): client.channel.send(message)
      case .toHost(let message): client.host?.send(message)
      case .startRelay: relay(client)
      case .closeLegs:
        if let awaited = client.awaited { expected[awaited] = nil }
        client.channel.close()
        client.host?.close()
      case .milestone(let milestone): stack.recorder.milestone(milestone, at: node, session: client.session)
      case .failed(let failure): stack.recorder.failure(failure.reason, at: node, session: client.session)
      }
    }
    client.alarm?.set(client.machine.nextDeadline)
  }

  private func relay(_ client: Client) {
    guard let host = client.host else { return }
    relaying += 1
    client.relay = Relay(client: client.channel.secure, host: host.secure)
    client.relay?.owner = client
  }

  // MARK: Listening

  private final class Entrance: StreamListener {
    unowned(unsafe) let gateway: GatewayRole
    init(gateway: GatewayRole) { self.gateway = gateway }
    func accept(_ socket: TCPSocket) -> (any CarrierHandler)? { Threshold(socket, gateway) }
  }

  /// A connection whose first message tells what it is: a probe, which is answered with the number of connections relayed now, or TLS.
  private final class Threshold: CarrierHandler {
    private unowned(unsafe) let gateway: GatewayRole
    private let opened: SimTime
    private var limit: Alarm?

    init(_ socket: TCPSocket, _ gateway: GatewayRole) {
      self.gateway = gateway
      opened = socket.stack.now
      socket.stack.keep(self)
      limit = Alarm(socket.stack, at: socket.node) { [unowned socket] in socket.abort() }
      limit?.set(opened + ServiceChannel.openingLimit)
    }

    func carrierConnected(_ carrier: any Carrier) {}

    func carrierReadable(_ carrier: any Carrier) {
      if case .service(.gatewayProbe)? = carrier.peek() { answer(carrier) } else { open(carrier) }
    }

    private func answer(_ carrier: any Carrier) {
      _ = carrier.read()
      limit?.set(nil)
      carrier.write(.service(.gatewayLoad(connections: gateway.relaying)))
      carrier.close()
      carrier.consumed()
    }

    private func open(_ carrier: any Carrier) {
      guard carrier.hasWaiting, let socket = carrier as? TCPSocket else { return }
      limit?.set(nil)
      let left = opened + ServiceChannel.openingLimit - socket.stack.now
      let channel = ServiceChannel(accepting: socket, gateway.identity, owner: gateway, limit: left).secure
      channel.carrierConnected(socket)
      channel.carrierReadable(socket)
    }

    func carrierClosed(_ carrier: any Carrier, _ failure: CarrierFailure?) { limit?.set(nil) }
  }
}
