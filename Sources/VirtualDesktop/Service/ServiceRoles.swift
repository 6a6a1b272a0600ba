// The directory, the feed and the broker: each a listener on TCP 443 with one machine a connection (the broker: one for all).
public import HostStack
import Protocols
public import SimulationKernel
import Trace
public import Wire

/// The directory: signs users in and issues their tokens.
public final class DirectoryRole: StreamListener, ServiceChannelOwner {
  private let stack: HostStack
  private let node: NodeID
  private let identity: ServiceIdentity
  private let settings: DirectoryServer.Settings
  private var machines: [ObjectIdentifier: DirectoryServer] = [:]

  public init(
    at node: NodeID, users: [ComponentKey], tokenLifetime: SimDuration, identity: ServiceIdentity, stack: HostStack
  ) {
    self.stack = stack
    self.node = node
    self.identity = identity
    var settings = DirectoryServer.Settings(signingKey: ServiceTrust.directoryKey, users: users)
    settings.tokenLifetime = tokenLifetime
    self.settings = settings
    stack.keep(self)
    stack.listen(at: node, port: ServicePort.https, self)
  }

  public func accept(_ socket: TCPSocket) -> (any CarrierHandler)? {
    let channel = ServiceChannel(accepting: socket, identity, owner: self)
    machines[ObjectIdentifier(channel)] = DirectoryServer(settings: settings)
    return channel.secure
  }

  func channelUp(_ channel: ServiceChannel) {}

  func channel(_ channel: ServiceChannel, received message: ServiceMessage) {
    var effects: [DirectoryServer.Effect] = []
    machines[ObjectIdentifier(channel)]?.handle(.received(message), at: stack.now, into: &effects)
    let session = Int(stack.recorder.conversations[Int(channel.socket.conversation.index)].session)
    for effect in effects {
      switch effect {
      case .send(let answer): channel.send(answer)
      case .close: channel.close()
      case .failed(let failure): stack.recorder.failure(failure.reason, at: node, session: session)
      }
    }
  }

  func channelLost(_ channel: ServiceChannel, _ loss: ChannelLoss) { machines[ObjectIdentifier(channel)] = nil }
}

/// The feed: validates tokens and hands out signed connection configurations.
public final class FeedRole: StreamListener, ServiceChannelOwner {
  private let stack: HostStack
  private let node: NodeID
  private let identity: ServiceIdentity
  private let settings: FeedServer.Settings
  private var machines: [ObjectIdentifier: FeedServer] = [:]

  /// - Parameters:
  ///   - resources: the resources every assigned user sees; each may be reached by every gateway.
  ///   - unassigned: users whose feed is empty.
  ///   - signature: what the configurations are signed with.
  ///   - usesUDP: the host pool's custom RDP property `use udp`.
  public init(
    at node: NodeID, directory: Endpoint, directoryName: ComponentKey, resources: [ComponentKey], gateways: [GatewayReference],
    unassigned: [ComponentKey], signature: Secret, usesUDP: Bool? = nil, identity: ServiceIdentity, stack: HostStack
  ) {
    self.stack = stack
    self.node = node
    self.identity = identity
    let configurations = resources.map {
      var configuration = ConnectionConfiguration(resource: $0, gateways: gateways, signature: signature)
      configuration.usesUDP = usesUDP
      return configuration
    }
    self.settings = FeedServer.Settings(
      directory: directory, directoryName: directoryName, directoryKey: ServiceTrust.directoryKey, configurations: configurations,
      unassigned: unassigned)
    stack.keep(self)
    stack.listen(at: node, port: ServicePort.https, self)
  }

  public func accept(_ socket: TCPSocket) -> (any CarrierHandler)? {
    let channel = ServiceChannel(accepting: socket, identity, owner: self)
    machines[ObjectIdentifier(channel)] = FeedServer(settings: settings)
    return channel.secure
  }

  func channelUp(_ channel: ServiceChannel) {}

  func channel(_ channel: ServiceChannel, received message: ServiceMessage) {
    var effects: [FeedServer.Effect] = []
    machines[ObjectIdentifier(channel)]?.handle(.received(message), at: stack.now, into: &effects)
    let session = Int(stack.recorder.conversations[Int(channel.socket.conversation.index)].session)
    for effect in effects {
      switch effect {
      case .send(let answer): channel.send(answer)
      case .milestone(let milestone): stack.recorder.milestone(milestone, at: node, session: session)
      case .close: channel.close()
      case .failed(let failure): stack.recorder.failure(failure.reason, at: node, session: session)
      }
    }
  }

  func channelLost(_ channel: ServiceChannel, _ loss: ChannelLoss) { machines[ObjectIdentifier(channel)] = nil }
}

/// The broker: knows the registered hosts and orchestrates connections over their channels.
public final class BrokerRole: StreamListener, ServiceChannelOwner {
  private let stack: HostStack
  private let node: NodeID
  private let identity: ServiceIdentity
  private var machine: BrokerOrchestration
  private var channels: [ServiceChannel] = []
  private var alarm: Alarm?

  /// - Parameter hosts: the hosts it knows; each is a resource of its own.
  public init(at node: NodeID, hosts: [ComponentKey], identity: ServiceIdentity, stack: HostStack) {
    self.stack = stack
    self.node = node
    self.identity = identity
    let resources = hosts.map { BrokerOrchestration.Resource(key: $0, hosts: [$0]) }
    // A broker that was started anew gives out other connection ids: hosts still know the old ones.
    let seed = stack.chance.draw(stack.recorder.key(of: node), .credential, stack.luck(1, at: node))
    self.machine = BrokerOrchestration(settings: BrokerOrchestration.Settings(resources: resources, seed: seed))
    stack.keep(self)
    alarm = Alarm(stack, at: node) { [unowned self] in self.feed(.timer) }
    stack.listen(at: node, port: ServicePort.https, self)
  }

  public func accept(_ socket: TCPSocket) -> (any CarrierHandler)? {
    let channel = ServiceChannel(
      accepting: socket, identity, owner: self, tag: channels.count)
    channels.append(channel)
    return channel.secure
  }

  func channelUp(_ channel: ServiceChannel) {}

  func channel(_ channel: ServiceChannel, received message: ServiceMessage) {
    switch message {
    case .register(let host, let certificate): feed(.register(channel: channel.tag, host: host, certificate: certificate))
    case .orchestrate(let request, let gateway): feed(.orchestrate(request, gateway: gateway, fromChannel: channel.tag))
    case .heartbeat: feed(.heartbeat(channel: channel.tag))
    default: feed(.unexpected(message, channel: channel.tag))
    }
  }

  func channelLost(_ channel: ServiceChannel, _ loss: ChannelLoss) { feed(.channelLost(channel.tag)) }

  private func feed(_ input: BrokerOrchestration.Input) {
    var effects: [BrokerOrchestration.Effect] = []
    machine.handle(input, at: stack.now, into: &effects)
    for effect in effects {
      switch effect {
      case .send(let row, let message): channels[row].send(message)
      case .close(let row): channels[row].close()
      case .failed(let failure, let session): stack.recorder.failure(failure.reason, at: node, session: Int(session))
      }
    }
    alarm?.set(machine.nextDeadline)
  }
}
