// A user's client: subscribes to the workspace once, keeps the connection configurations, and opens sessions from them.
public import HostStack
import Protocols
public import SimulationKernel
import Trace
public import Wire

/// What a client is configured with.
public struct ClientSettings: Sendable, Equatable {
  public var feed: Endpoint
  public var feedName: ComponentKey
  public var user: ComponentKey
  public var ways: [WayOut]
  public var stunServers: [Endpoint]
  /// Why this client uses no UDP; `nil` when it does.
  public var udpForbidden: Forbidden?
  /// Whether a session that lost its transport is connected anew.
  public var reconnects: Bool
  /// Whether it can draw by the graphics pipeline (MS-RDPEGFX).
  public var graphicsPipeline: Bool
  public var timing: ShortpathTiming
  public var tls = TLSPolicy()
  /// The proxy its connections to the service go through.
  public var proxy: ProxyUse?
  /// What the user's sessions carry, by their ordinals.
  public var workloads: [DesktopWorkload] = []
  func workload(of session: Int) -> DesktopWorkload {
    workloads.indices.contains(session - 1) ? workloads[session - 1] : DesktopWorkload()
  }

  public init(
    feed: Endpoint, feedName: ComponentKey, user: ComponentKey, ways: [WayOut], stunServers: [Endpoint],
    udpForbidden: Forbidden?, graphicsPipeline: Bool = true, reconnects: Bool = true, timing: ShortpathTiming
  ) {
    self.feed = feed
    self.feedName = feedName
    self.user = user
    self.ways = ways
    self.stunServers = stunServers
    self.udpForbidden = udpForbidden
    self.graphicsPipeline = graphicsPipeline
    self.reconnects = reconnects
    self.timing = timing
  }
}

/// A user's client at its node.
public final class ClientRole: ServiceChannelOwner {
  let stack: HostStack
  let node: NodeID
  let settings: ClientSettings
  unowned(unsafe) var observer: (any DesktopObserver)?
  private var subscription: WorkspaceSubscription
  private var channels: [WorkspaceSubscription.Service: ServiceChannel] = [:]
  private var stored: (configurations: [ConnectionConfiguration], token: AccessToken)?
  private var failed: Reason?
  private var started = false
  private var alarm: Alarm?
  /// Sessions in the order they were asked for; the first one's conversations carry the subscription.
  private var sessions: [ClientSession] = []

  public init(at node: NodeID, settings: ClientSettings, stack: HostStack, observer: any DesktopObserver) {
    self.stack = stack
    self.node = node
    self.settings = settings
    self.observer = observer
    subscription = WorkspaceSubscription(
      settings: WorkspaceSubscription.Settings(user: settings.user, trustedFeedKey: ServiceTrust.feedKey))
    stack.keep(self)
    alarm = Alarm(stack, at: node) { [unowned self] in self.feed(.timer) }
  }

  /// The user wants `resource`: the first time the client subscribes, later it clicks at once.
  public func open(session ordinal: Int, resource: ComponentKey) {
    let session = ClientSession(ordinal, resource: resource, of: self)
    sessions.append(session)
    if let stored {
      session.click(stored.configurations, stored.token)
    } else if let failed {
      session.fail(failed)
    } else if !started {
      started = true
      feed(.start)
    }
  }

  private func feed(_ input: WorkspaceSubscription.Input) {
    var effects: [WorkspaceSubscription.Effect] = []
    subscription.handle(input, at: stack.now, into: &effects)
    for effect in effects { perform(effect) }
    alarm?.set(subscription.nextDeadline)
  }

  private func perform(_ effect: WorkspaceSubscription.Effect) {
    let session = sessions.first?.ordinal ?? 0
    switch effect {
    case .openFeed: connect(.feed, settings.feed, settings.feedName, .feed, session)
    case .openDirectory(let endpoint, let name): connect(.directory, endpoint, name, .directory, session)
    case .send(let message, let service): channels[service]?.send(message)
    case .close(let service): channels[service]?.close()
    case .milestone(let milestone): stack.recorder.milestone(milestone, at: node, session: session)
    case .stored(let configurations, let token):
      stored = (configurations, token)
      for session in sessions { session.click(configurations, token) }
    case .failed(let failure):
      failed = failure.reason
      for session in sessions { session.fail(failure.reason) }
    }
  }

  private func connect(
    _ service: WorkspaceSubscription.Service, _ endpoint: Endpoint, _ name: ComponentKey, _ topic: ConversationTopic,
    _ session: Int
  ) {
    let conversation = stack.open(topic, by: node, session: session, subject: name.value)
    channels[service] = ServiceChannel(
      from: node, to: endpoint, name: name, tls: settings.tls, through: settings.proxy, in: conversation, stack: stack,
      owner: self, tag: service == .feed ? 0 : 1)
  }

  private func service(_ channel: ServiceChannel) -> WorkspaceSubscription.Service { channel.tag == 0 ? .feed : .directory }

  func channelUp(_ channel: ServiceChannel) { feed(.connected(service(channel))) }
  func channel(_ channel: ServiceChannel, received message: ServiceMessage) { feed(.received(message)) }
  func channelLost(_ channel: ServiceChannel, _ loss: ChannelLoss) { feed(.connectionFailed(service(channel), loss)) }

  /// The machine stops: its sessions end with a reason of their own, and nothing of it does anything any more.
  public func vanish() {
    tellTotals()
    for session in sessions { session.vanish() }
  }

  /// The desktops fall silent, so that what is on its way arrives before the run ends.
  public func beQuiet() { for session in sessions { session.beQuiet() } }

  /// Tells the counters at the end of the run.
  public func tellTotals() { for session in sessions { session.tellTotals() } }
}
