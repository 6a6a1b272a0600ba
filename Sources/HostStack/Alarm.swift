// A deadline with what to do when it is due, for shells whose machines have few of them.
public import SimulationKernel
import Trace
public import Wire

public final class Alarm: Deadlined, NodeBound {
  private let stack: HostStack
  let node: NodeID
  private let action: () -> Void
  private var timer: TimerHandle?
  private var deadline = SimTime.never

  /// - Parameters:
  ///   - node: whose deadline it is, and with whose machine it ends; `.none` for the scenario's own.
  ///   - action: what is done when the deadline is due. It must not own its owner strongly.
  public init(_ stack: HostStack, at node: NodeID, action: @escaping () -> Void) {
    self.stack = stack
    self.node = node
    self.action = action
    timer = stack.makeTimer(for: self)
    stack.keep(self)
  }

  /// Sets the deadline; `nil` for none.
  public func set(_ deadline: SimTime?) {
    let deadline = deadline ?? .never
    guard deadline != self.deadline, let timer else { return }
    self.deadline = deadline
    stack.arm(timer, deadline)
  }

  func vanish() {
    if let timer { stack.freeTimer(timer) }
    timer = nil
  }

  public func deadlineReached() {
    guard stack.now >= deadline else { return }
    deadline = .never
    if node != .none { stack.recorder.due(at: node) }
    action()
  }
}
