// What befalls single packets of a link beside its own chance: chosen ones are lost, doubled or delayed; any may be duplicated by chance.
public import SimulationKernel
import Trace
import Wire

/// What befalls one chosen packet, so that a case can be repeated and kept.
public struct Mishap: Hashable, Sendable, BitwiseCopyable {
  public enum Fate: Hashable, Sendable, BitwiseCopyable {
    case lost
    /// A copy follows it.
    case doubled
    /// It arrives this much later; what comes behind it may overtake it.
    case delayed(SimDuration)
  }
  /// The link direction's row.
  public var link: Int32
  /// The packet's ordinal among those the link was given, from 1.
  public var packet: UInt64
  public var fate: Fate
  /// Its row among the names of rules, which a loss is told with.
  public var name: Int32

  public init(link: Int, packet: UInt64, fate: Fate, name: Int32) {
    self.link = Int32(link)
    self.packet = packet
    self.fate = fate
    self.name = name
  }
}

extension Network {
  /// Makes each link watch for its first mishap.
  func prepareMishaps() { for row in Set(mishaps.map(\.link)).sorted() { expectMishap(on: Int(row)) } }

  /// Sets the next mishap of a link after the packets it has been given.
  private func expectMishap(on row: Int) {
    let given = links[row].given
    links[row].nextMishap = mishaps.lazy.filter { $0.link == row && $0.packet > given }.map(\.packet).min() ?? .max
  }

  /// A packet that its link would let arrive at `time` is one to be looked at.
  @inline(never)
  func befall(_ slot: UInt32, on outgoing: Interface, freeAt free: SimTime, at time: SimTime, node: NodeID) {
    let row = Int(outgoing.link)
    let given = links[row].given
    let mishap = mishaps.first { $0.link == outgoing.link && $0.packet == given }
    if given >= links[row].nextMishap { expectMishap(on: row) }
    var time = time
    switch mishap?.fate {
    case .lost: return drop(slot, .linkLoss, at: node, rule: mishap?.name ?? -1)
    case .delayed(let delay): time = time + delay
    case .doubled, nil: break
    }
    if hasTap { show(pool[slot].pointee.packet, on: outgoing.link, freeAt: free, arriving: time) }
    countHop()
    schedule(slot, at: outgoing.peer, time)
    let luck = pool[slot].pointee.packet.luck
    if mishap?.fate == .doubled || links[row].settings.duplicate.happens(chance.draw(links[row].key, .duplicate, luck)) {
      sendCopy(of: slot, on: outgoing, node: node)
    }
  }

  /// Sends a copy behind a packet: it is serialised, queued and lost like any other, and is not duplicated again here.
  private func sendCopy(of slot: UInt32, on outgoing: Interface, node: NodeID) {
    let copy = place(copied(pool[slot].pointee.packet))
    let packet = pool[copy].pointee.packet
    let free = links[Int(outgoing.link)].busyUntil
    switch links[Int(outgoing.link)].admit(length: Int(packet.length), luck: packet.luck, now: now, chance: chance) {
    case .arrives(let time):
      if hasTap { show(packet, on: outgoing.link, freeAt: free, arriving: time) }
      countHop()
      schedule(copy, at: outgoing.peer, time)
    case .dropped(let reason): drop(copy, reason, at: node)
    }
  }

  /// A packet with a payload of its own, since translators and tunnels write into payloads; an inner packet is copied with its carrier.
  private func copied(_ packet: Packet) -> Packet {
    var copy = packet
    // Its own share of chance from here on.
    copy.luck = mix(packet.luck, ChancePurpose.duplicate.rawValue)
    guard let message = message(packet.payload) else { return copy }
    if case .tunnel(.inner(let inner, let length, let key)) = message, inner != .max {
      copy.payload = store(.tunnel(.inner(slot: place(copied(pool[inner].pointee.packet)), length: length, key: key)))
    } else {
      copy.payload = store(message)
    }
    return copy
  }
}
