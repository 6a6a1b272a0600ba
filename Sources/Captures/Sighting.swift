// A packet as one interface saw it, and what became of it there.
import SimulationKernel
import Trace
import Wire

struct Sighting {
  /// `.none`: no interface saw it, for it ended inside `node`.
  var interface: InterfaceID
  var node: NodeID
  var leaving: Bool
  var time: SimTime
  /// The record of the packet's last step when it was seen.
  var record: UInt64
  var conversation: Conversation
  var proto: TransportProtocol
  /// As the interface saw them.
  var seenSource: Endpoint
  var seenDestination: Endpoint
  /// As they were last known: a translator's rewriting is told as a step from here.
  var source: Endpoint
  var destination: Endpoint
  /// Empty where they were not wanted.
  var bytes: [UInt8]
  /// What helps to dissect them.
  var clues: [DissectorClue]
  /// What is said of it, a comment each.
  var notes: [String] = []
  var wasDropped = false
}
