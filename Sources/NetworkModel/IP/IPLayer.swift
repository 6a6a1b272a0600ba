// The IP layer's order, written once for hosts and routers:
// ingress rules → NAT inward → for me? input rules → deliver ‖ forward rules → TTL → route → MTU → NAT outward → egress rules → link.
import SimulationKernel
import Trace
public import Wire

extension Network {
  // MARK: Arriving

  func arrive(_ slot: UInt32) {
    let flight = pool[slot]
    guard flight.pointee.interface.index >= 0 else { return leave(slot) }
    let incoming = interfaces[Int(flight.pointee.interface.index)]
    let node = incoming.node
    guard nodes[Int(node.index)].up else { return drop(slot, .nodeDown, at: node) }
    guard incoming.up else { return drop(slot, incoming.whenDown, at: node) }
    let shape = nodes[Int(node.index)]
    if flight.pointee.isInSilence { return endSilence(slot, at: node, shape: shape) }
    if hasTap { show(flight.pointee.packet, leaving: false, on: flight.pointee.interface) }
    var tracked: (list: Int32, packet: Packet)?
    var entered = false
    var dwell = SimDuration.zero

    if shape.ingress >= 0 {
      let verdict = judge(shape.ingress, on: .ingress, flight.pointee.packet, at: node, way: .inbound)
      guard pass(verdict, slot, at: node) else { return }
      entered = verdict.track
    }
    var plan = TranslationPlan.pass
    var hairpin = TranslationPlan.pass
    if shape.translator >= 0 {
      arrived = (flight.pointee.packet.source, flight.pointee.packet.destination)
      guard translator(of: shape, { translateInward(slot, &plan, &hairpin, from: incoming, by: $0) }) else { return }
      if case .own = plan {
        // The gateway has taken it for its own, even where the address is none of an interface.
        let interface = flight.pointee.interface
        return deliver(slot, at: node, arrivedOn: interface, owner: interface, shape: shape, entered: entered, isOwn: true)
      }
    } else {
      arrived = nil
    }
    // What was translated inward is for the inside, even if an inside host has the address of one of the node's interfaces.
    if !plan.isRewriting, let own = locals[NodeAddress(node: node.index, address: flight.pointee.packet.destination.address)] {
      return deliver(slot, at: node, arrivedOn: flight.pointee.interface, owner: own, shape: shape, entered: entered)
    }
    guard shape.forwards else { return drop(slot, .notForMe, at: node) }
    let out = route(flight.pointee.packet.destination.address, from: node, bound: .none)
    // A network's firewall guards its inside: what only passes from one outside line to another is not its business.
    let isTransit = incoming.side == .outside && out.map { interfaces[Int($0.index)].side == .outside } ?? false
    if shape.forward >= 0, !isTransit {
      let packet = flight.pointee.packet
      if shape.diverts, above.holds(packet, at: node) {
        return divert(slot, at: node, shape: shape, inward: plan, rule: -1, .divert)
      }
      let verdict = judge(shape.forward, on: .forward, packet, at: node, way: incoming.side == .lan ? .outbound : .inbound)
      if verdict.action.diverts, case .pass = hairpin {
        return divert(slot, at: node, shape: shape, inward: plan, rule: verdict.row, verdict.action)
      }
      guard pass(verdict, slot, at: node) else { return }
      if verdict.track { tracked = (shape.forward, packet) }
      dwell = shape.delay
    }
    forward(
      slot, to: out, node: node, shape: shape, incoming: incoming, inward: plan, hairpin: hairpin, tracked: tracked,
      entered: entered, dwell: dwell)
  }

  private func deliver(
    _ slot: UInt32, at node: NodeID, arrivedOn interface: InterfaceID, owner: InterfaceID, shape: Node, entered: Bool,
    isOwn: Bool = false
  ) {
    let packet = pool[slot].pointee.packet
    // Strong end system (RFC 1122 §3.3.4.2): a host takes only what comes by the interface that has the address.
    if !shape.forwards, owner != interface { return drop(slot, .notForMe, at: node) }
    if shape.input >= 0 {
      let verdict = judge(shape.input, on: .input, packet, at: node, way: .inbound)
      guard pass(verdict, slot, at: node) else { return }
      if verdict.track { remember(packet, at: node, by: shape.input, way: .inbound) }
    }
    if entered { remember(asArrived(packet), at: node, by: shape.ingress, way: .inbound) }
    if isOwn { translator(of: shape) { $0.keep(packet, now: now) } }
    hand(slot, at: node) { above.receive($0, at: node, on: interface) }
  }

  /// Gives a packet to what stands above the node, and ends it there.
  @inline(__always)
  private func hand(_ slot: UInt32, at node: NodeID, to taker: (Packet) -> Delivery) {
    let packet = pool[slot].pointee.packet
    let number = recorder.motion(.delivered, packet, at: node, cause: packet.cause)
    recorder.currentCause = number
    pool[slot].pointee.packet.cause = number
    switch taker(packet) {
    case .taken: finish(slot, delivered: true, at: node)
    case .refused(let reason):
      if reason == .noSocket { answerICMP(.portUnreachable, to: slot, at: node) }
      drop(slot, reason, at: node)
    }
    recorder.currentCause = 0
  }

  /// Takes a packet off its way: the application here answers in its destination's name.
  private func divert(_ slot: UInt32, at node: NodeID, shape: Node, inward: TranslationPlan, rule: Int32, _ action: RuleAction) {
    let packet = pool[slot].pointee.packet
    if shape.translator >= 0 { translator(of: shape) { $0.commitInward(inward, packet, now: now) } }
    hand(slot, at: node) { above.divert($0, at: node, rule: rule, action) }
  }

  // MARK: Translation

  /// Lends a node's translator without counting the reference.
  @inline(__always)
  func translator<Result>(of shape: Node, _ body: (AddressTranslator) -> Result) -> Result {
    uncounted[Int(shape.translator)]._withUnsafeGuaranteedRef(body)
  }

  /// Whether it is an ICMP error; an ICMP query is translated by its identifier, which stands where other packets have their inside
  /// endpoint's port (RFC 5508 §3.1).
  @inline(__always)
  private func isError(_ packet: Packet) -> Bool {
    guard packet.proto == .icmp, case .icmp? = message(packet.payload) else { return false }
    return true
  }

  /// Translates an arriving packet inward (or hairpins it); returns whether it goes on.
  private func translateInward(
    _ slot: UInt32, _ plan: inout TranslationPlan, _ hairpin: inout TranslationPlan, from incoming: Interface,
    by translator: AddressTranslator
  ) -> Bool {
    let flight = pool[slot]
    let node = incoming.node
    let isLoop = incoming.side != .outside
    if isLoop {
      guard translator.owns(flight.pointee.packet.destination.address) else { return true }
      guard translator.behaviour.hairpinning != .off else {
        drop(slot, .natHairpinOff, at: node)
        return false
      }
      if isError(flight.pointee.packet) {
        guard translateErrorOutward(slot, by: translator, at: node) else { return false }
      } else {
        hairpin = translator.planOutward(flight.pointee.packet, now: now, chance: chance)
        guard apply(hairpin, toSource: true, slot, at: node) else { return false }
      }
    }
    if isError(flight.pointee.packet) { return translateErrorInward(slot, by: translator, at: node) }
    plan = translator.planInward(flight.pointee.packet, now: now)
    if isLoop, hairpin.isRewriting, !plan.isRewriting {
      // A hairpinned packet has gone out before it comes in: its own mapping stands even if the other's filter refuses it.
      translator.commitOutward(hairpin, asArrived(flight.pointee.packet), now: now, recorder: recorder)
      plan = translator.planInward(flight.pointee.packet, now: now)
    }
    if case .silence(let reason) = plan {
      // What loops back is refused at once: its sender is inside and can know what stands there.
      guard isLoop else {
        keepSilence(about: slot, reason, by: translator, at: node)
        return false
      }
      plan = .refuse(reason)
    }
    guard apply(plan, toSource: false, slot, at: node) else { return false }
    if isLoop, translator.behaviour.hairpinning == .internalSource {
      flight.pointee.packet.source = asArrived(flight.pointee.packet).source
    }
    return true
  }

  /// A packet with the addresses it came with, before this node's translator rewrote them.
  @inline(__always)
  func asArrived(_ packet: Packet) -> Packet {
    guard let arrived else { return packet }
    var original = packet
    original.source = arrived.source
    original.destination = arrived.destination
    return original
  }

  /// Rewrites a packet as planned; returns whether it goes on.
  func apply(_ plan: TranslationPlan, toSource: Bool, _ slot: UInt32, at node: NodeID) -> Bool {
    switch plan {
    case .pass, .own: return true
    case .silence(let reason), .drop(let reason):
      drop(slot, reason, at: node)
      return false
    case .refuse(let reason):
      if reason == .natPortsExhausted {
        answerICMP(.administrativelyProhibited, to: slot, at: node)
      } else {
        refuse(slot, at: node)
      }
      drop(slot, reason, at: node)
      return false
    case .existing(let to, _), .fresh(let to, _):
      let flight = pool[slot]
      if toSource {
        flight.pointee.packet.source = to
      } else {
        flight.pointee.packet.destination = to
      }
      flight.pointee.packet.cause = recorder.motion(
        .translated, flight.pointee.packet, at: node, cause: flight.pointee.packet.cause)
      if hasTap { show(plan, of: flight.pointee.packet, at: node) }
      return true
    }
  }

  private func translateErrorInward(_ slot: UInt32, by translator: AddressTranslator, at node: NodeID) -> Bool {
    let packet = pool[slot].pointee.packet
    guard translator.owns(packet.destination.address) || translator.behaviour.oneToOne else { return true }
    guard case .icmp(var error)? = message(packet.payload) else { return true }
    guard let inside = translator.insideOfQuoted(error, now: now) else {
      if translator.behaviour.oneToOne { return true }
      drop(slot, .natNoMapping, at: node)
      return false
    }
    error.source = inside
    messages[packet.payload.index, packet.payload.generation] = .icmp(error)
    return apply(.existing(to: Endpoint(inside.address, 0), mapping: -1), toSource: false, slot, at: node)
  }

  private func translateErrorOutward(_ slot: UInt32, by translator: AddressTranslator, at node: NodeID) -> Bool {
    let packet = pool[slot].pointee.packet
    guard case .icmp(var error)? = message(packet.payload), let outside = translator.outsideOfQuoted(error, now: now) else {
      drop(slot, .natNoMapping, at: node)
      return false
    }
    error.destination = outside
    messages[packet.payload.index, packet.payload.generation] = .icmp(error)
    return apply(.existing(to: Endpoint(outside.address, 0), mapping: -1), toSource: true, slot, at: node)
  }

  // MARK: Forwarding

  private func forward(
    _ slot: UInt32, to out: InterfaceID?, node: NodeID, shape: Node, incoming: Interface, inward: TranslationPlan,
    hairpin: TranslationPlan, tracked: (list: Int32, packet: Packet)?, entered: Bool, dwell: SimDuration
  ) {
    let flight = pool[slot]
    guard flight.pointee.packet.ttl > 1 else {
      answerICMP(.timeExceeded, to: slot, at: node)
      return drop(slot, .ttlExpired, at: node)
    }
    flight.pointee.packet.ttl -= 1
    guard let out else {
      answerICMP(.networkUnreachable, to: slot, at: node)
      return drop(slot, .noRoute, at: node)
    }
    let outgoing = interfaces[Int(out.index)]
    guard flight.pointee.packet.length <= outgoing.mtu else {
      answerICMP(.fragmentationNeeded, to: slot, at: node, mtu: outgoing.mtu)
      return drop(slot, .mtuExceeded, at: node)
    }
    var outward = hairpin
    if shape.translator >= 0, incoming.side != .outside, outgoing.side == .outside {
      if isError(flight.pointee.packet) {
        guard translator(of: shape, { translateErrorOutward(slot, by: $0, at: node) }) else { return }
      } else {
        outward = translator(of: shape) { $0.planOutward(flight.pointee.packet, now: now, chance: chance) }
        guard apply(outward, toSource: true, slot, at: node) else { return }
      }
    }
    if shape.egress >= 0 {
      let verdict = judge(shape.egress, on: .egress, flight.pointee.packet, at: node, way: .outbound)
      guard pass(verdict, slot, at: node) else { return }
      if verdict.track { remember(flight.pointee.packet, at: node, by: shape.egress, way: .outbound) }
    }
    // Every filter has passed it: now the tables learn of it.
    if shape.translator >= 0 {
      translator(of: shape) {
        if case .pass = outward {
        } else {
          $0.commitOutward(outward, asArrived(flight.pointee.packet), now: now, recorder: recorder)
        }
        $0.commitInward(inward, flight.pointee.packet, now: now)
      }
    }
    if let tracked {
      remember(tracked.packet, at: node, by: tracked.list, way: incoming.side == .lan ? .outbound : .inbound)
    }
    if entered { remember(asArrived(flight.pointee.packet), at: node, by: shape.ingress, way: .inbound) }
    flight.pointee.packet.cause = recorder.motion(.forwarded, flight.pointee.packet, at: node, cause: flight.pointee.packet.cause)
    put(slot, on: out, outgoing, at: node, after: dwell)
  }

  /// The interface a packet to `address` leaves by; a bound socket's packets only by its own.
  @inline(__always)
  public func route(_ address: IPAddress, from node: NodeID, bound: InterfaceID) -> InterfaceID? {
    let shape = nodes[Int(node.index)]
    if shape.forwards, let direct = neighbours[NodeAddress(node: node.index, address: address)],
      bound == .none || bound == direct, interfaces[Int(direct.index)].up
    {
      return direct
    }
    var row = Int(shape.routeStart)
    while row < Int(shape.routeEnd) {
      let route = routes[row]
      if route.contains(address), bound == .none || bound == route.interface, interfaces[Int(route.interface.index)].up {
        return route.interface
      }
      row += 1
    }
    return nil
  }

  /// The tunnel's interface that a packet to `address` would leave by if its tunnel were up; `nil` when the way it takes is its best.
  public func sleepingRoute(_ address: IPAddress, from node: NodeID) -> InterfaceID? {
    let shape = nodes[Int(node.index)]
    for row in Int(shape.routeStart)..<Int(shape.routeEnd) where routes[row].contains(address) {
      let interface = interfaces[Int(routes[row].interface.index)]
      if interface.up { return nil }
      if interface.link < 0 { return routes[row].interface }
    }
    return nil
  }

  /// Hands a packet to its link, or to the application behind a virtual interface, once its node has worked on it for `dwell`.
  func put(_ slot: UInt32, on out: InterfaceID, _ outgoing: Interface, at node: NodeID, after dwell: SimDuration = .zero) {
    let flight = pool[slot]
    if dwell > .zero { return schedule(slot, at: InterfaceID(Int(~out.index)), now + dwell) }
    if hasTap { show(flight.pointee.packet, leaving: true, on: out) }
    if outgoing.isOutlet {
      outlet?(flight.pointee.packet, out, now)
      return finish(slot, delivered: false, at: node)
    }
    guard outgoing.link >= 0 else {
      if case .refused(let reason) = above.transmit(slot: slot, on: out) { drop(slot, reason, at: node) }
      return
    }
    let packet = flight.pointee.packet
    let row = Int(outgoing.link)
    links[row].given &+= 1
    let free = hasTap ? links[row].busyUntil : now
    switch links[row].admit(length: Int(packet.length), luck: packet.luck, now: now, chance: chance) {
    case .arrives(let time):
      if links[row].given >= links[row].watchedFrom { return befall(slot, on: outgoing, freeAt: free, at: time, node: node) }
      if hasTap { show(packet, on: outgoing.link, freeAt: free, arriving: time) }
      countHop()
      schedule(slot, at: outgoing.peer, time)
    case .dropped(let reason): drop(slot, reason, at: node)
    }
  }

  /// A packet leaves the node that has worked on it.
  @inline(never)
  private func leave(_ slot: UInt32) {
    let out = InterfaceID(Int(~pool[slot].pointee.interface.index))
    let outgoing = interfaces[Int(out.index)]
    arrived = nil
    guard nodes[Int(outgoing.node.index)].up else { return drop(slot, .nodeDown, at: outgoing.node) }
    guard outgoing.up else { return drop(slot, outgoing.whenDown, at: outgoing.node) }
    put(slot, on: out, outgoing, at: outgoing.node)
  }
}
