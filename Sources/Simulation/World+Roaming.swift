// Hosts that go to another network while the world runs.
import HostStack
import NetworkModel
import ScenarioModel
import SimulationKernel
import Trace
import Wire

extension World {
  /// Takes a host out of the network it is in, and into the named one unless it is nowhere.
  func roam(_ host: String, to network: String) {
    let places = blueprint.attachments[blueprint.nodeOf[host]!] ?? []
    let old = places.first { self.network.interfaces[Int($0.interface.index)].up }
    let new = places.first { $0.network == network }
    if old != new { stack.move(from: old?.interface, to: new?.interface) }
  }
}
