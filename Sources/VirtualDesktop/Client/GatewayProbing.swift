// The client's probes of all gateways: a TCP connect (whose time is the round trip) and a question for the load. Through a proxy the
// time is that of the tunnel's opening: a connect to the proxy would say nothing of the gateway behind it.
import HostStack
import Protocols
import SimulationKernel
import Trace
import Wire

final class GatewayProbing {
  private let stack: HostStack
  private let node: NodeID
  private let session: Int
  private let generation: Int
  private let proxy: ProxyUse?
  private var machine: GatewaySelection
  private var alarm: Alarm?
  private var isOver = false
  private let chosen: (GatewayReference) -> Void
  private let failed: (Reason) -> Void

  init(
    _ gateways: [GatewayReference], at node: NodeID, session: Int, generation: Int, through proxy: ProxyUse?, stack: HostStack,
    chosen: @escaping (GatewayReference) -> Void,
    failed: @escaping (Reason) -> Void
  ) {
    self.stack = stack
    self.node = node
    self.session = session
    self.generation = generation
    self.proxy = proxy
    self.chosen = chosen
    self.failed = failed
    machine = GatewaySelection(candidates: gateways)
    stack.keep(self)
    alarm = Alarm(stack, at: node) { [unowned self] in self.feed(.timer) }
  }

  func start() { feed(.start) }

  /// The connection is given up: probes that are out come back to nobody.
  func cancel() {
    isOver = true
    alarm?.set(nil)
  }

  fileprivate func feed(_ input: GatewaySelection.Input) {
    if isOver { return }
    var effects: [GatewaySelection.Effect] = []
    machine.handle(input, at: stack.now, into: &effects)
    for effect in effects {
      switch effect {
      case .probe(let row): stack.keep(Probe(row, machine.candidates[row], self))
      case .chosen(let row): chosen(machine.candidates[row])
      case .milestone(let milestone): stack.recorder.milestone(milestone, at: node, session: session)
      case .failed(let failure): failed(failure.reason)
      }
    }
    if !isOver { alarm?.set(machine.nextDeadline) }
  }

  private final class Probe: CarrierHandler {
    private let row: Int
    private unowned(unsafe) let probing: GatewayProbing
    private var socket: TCPSocket?
    private var opening: ProxyOpening?
    private var isOver = false

    init(_ row: Int, _ gateway: GatewayReference, _ probing: GatewayProbing) {
      self.row = row
      self.probing = probing
      let stack = probing.stack
      let name = gateway.name.value
      let conversation = stack.open(
        .gatewayProbe, by: probing.node, session: probing.session,
        subject: luck(name, generation: probing.generation))
      let tunnel = probing.proxy?.proxy(to: gateway.name)
      let socket = TCPSocket(
        connecting: probing.node, to: tunnel ?? gateway.endpoint, in: conversation,
        stack: stack, upper: self)
      self.socket = socket
      if tunnel != nil { opening = ProxyOpening(on: socket, to: HTTPAuthority(gateway.name, gateway.endpoint.port), above: self) }
    }

    func carrierConnected(_ carrier: any Carrier) { carrier.write(.service(.gatewayProbe)) }

    func carrierReadable(_ carrier: any Carrier) {
      while let message = carrier.read() {
        guard case .service(.gatewayLoad(let connections)) = message, !isOver,
          let roundTrip = opening?.roundTrip ?? socket?.connectTime
        else {
          continue
        }
        isOver = true
        probing.feed(.probeAnswered(row: row, roundTrip: roundTrip, connections: connections))
      }
      carrier.consumed()
    }

    func carrierClosed(_ carrier: any Carrier, _ failure: CarrierFailure?) {
      guard !isOver else { return }
      isOver = true
      probing.feed(.probeFailed(row: row, ChannelLoss(failure, wasUp: false)))
    }
  }
}
