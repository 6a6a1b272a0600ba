// What a network is made from: the tables a blueprint computes once and every world of it copies.
public import SimulationKernel
public import Wire

/// An address translator to be made at a node.
public struct TranslatorPlan: Sendable {
  public var behaviour: TranslationBehaviour
  public var key: ComponentKey
  public var node: NodeID
  public var outside: [IPAddress]
  public var pairs: [(inside: IPAddress, outside: IPAddress)]
  public var forwards: [StaticMapping]
  public init(
    behaviour: TranslationBehaviour, key: ComponentKey, node: NodeID, outside: [IPAddress],
    pairs: [(inside: IPAddress, outside: IPAddress)] = [], forwards: [StaticMapping] = []
  ) {
    self.behaviour = behaviour
    self.key = key
    self.node = node
    self.outside = outside
    self.pairs = pairs
    self.forwards = forwards
  }
}

/// The tables of a network. Rows refer to each other by index.
public struct NetworkPlan: Sendable {
  public var nodes: [Node] = []
  public var interfaces: [Interface] = []
  public var links: [LinkDirection] = []
  /// Routes per node.
  public var routes: [[Route]] = []
  public var rules: [Rule] = []
  public var ruleLists: [RuleList] = []
  public var translators: [TranslatorPlan] = []
  public var mishaps: [Mishap] = []
  public init() {}

  /// Adds a node; returns its row.
  public mutating func addNode(forwards: Bool) -> NodeID {
    nodes.append(Node(forwards: forwards))
    routes.append([])
    return NodeID(nodes.count - 1)
  }

  /// Adds an interface; returns its row.
  public mutating func add(_ interface: Interface) -> InterfaceID {
    interfaces.append(interface)
    return InterfaceID(interfaces.count - 1)
  }

  /// Joins two interfaces by a link, each direction with its own settings.
  public mutating func join(
    _ a: InterfaceID, _ b: InterfaceID, there: LinkSettings, back: LinkSettings, key: ComponentKey
  ) {
    interfaces[Int(a.index)].link = Int32(links.count)
    interfaces[Int(a.index)].peer = b
    interfaces[Int(a.index)].mtu = there.mtu
    links.append(LinkDirection(settings: there, key: key.part(1)))
    interfaces[Int(b.index)].link = Int32(links.count)
    interfaces[Int(b.index)].peer = a
    interfaces[Int(b.index)].mtu = back.mtu
    links.append(LinkDirection(settings: back, key: key.part(2)))
  }

  /// Hangs a rule list on a hook of a node.
  public mutating func hang(_ list: RuleList, on hook: RuleHook, of node: NodeID) {
    let row = Int32(ruleLists.count)
    ruleLists.append(list)
    switch hook {
    case .ingress: nodes[Int(node.index)].ingress = row
    case .input: nodes[Int(node.index)].input = row
    case .forward:
      nodes[Int(node.index)].forward = row
      nodes[Int(node.index)].delay = list.delay
      nodes[Int(node.index)].diverts = rules[Int(list.start)..<Int(list.end)].contains { $0.action.diverts }
    case .egress: nodes[Int(node.index)].egress = row
    }
  }
}
