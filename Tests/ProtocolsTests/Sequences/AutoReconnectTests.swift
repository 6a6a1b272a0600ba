// Automatic reconnection: pauses that double, a window that closes, and a first connection that is never repeated.
import Protocols
import SimulationKernel
import Testing
import Trace

@Suite("Automatic reconnection (Microsoft, \"fast reconnect\")") struct AutoReconnectTests {
  static func machine(jitter: UInt64 = 0, on: Bool = true) -> Transcript<AutoReconnect> {
    var settings = AutoReconnect.Settings()
    settings.jitter = jitter
    settings.isOn = on
    return Transcript(AutoReconnect(settings: settings, seed: 9))
  }

  @Test("a first connection that fails is the session's failure")
  func firstFailure() {
    var t = Self.machine()
    #expect(t.machine.state == .connecting)
    t(5, .timer, to: .connecting)
    t(10, .lost(.gatewayUnreachable), [.failed(.connection(.gatewayUnreachable))], to: .failed(.connection(.gatewayUnreachable)))
    t(11, .connected)
    t(12, .lost(.pathLost))
    #expect(AutoReconnect.Failure.connection(.noHealthyHost).reason == .noHealthyHost)
  }

  @Test("after a loss the pauses are 1, 2, 4, 8 and 8 s, and at 30 s it gives up")
  func pauses() {
    var t = Self.machine()
    t(0, .connected, to: .connected)
    t(1, .timer, to: .connected)
    t(100, .lost(.pathLost), [.interrupted], to: .pausing(tries: 0, until: at(1_100), lost: at(100)))
    t(1_099, .timer)
    t(1_100, .timer, [.connect], to: .trying(1, lost: at(100)))
    t(1_200, .lost(.gatewayUnreachable), to: .pausing(tries: 1, until: at(3_200), lost: at(100)))
    t(1_300, .lost(.pathLost))
    t(1_300, .connected)
    t(3_200, .timer, [.connect], to: .trying(2, lost: at(100)))
    t(3_300, .lost(.gatewayUnreachable), to: .pausing(tries: 2, until: at(7_300), lost: at(100)))
    t(7_300, .timer, [.connect])
    t(7_400, .lost(.gatewayUnreachable), to: .pausing(tries: 3, until: at(15_400), lost: at(100)))
    t(15_400, .timer, [.connect])
    t(15_500, .lost(.gatewayUnreachable), to: .pausing(tries: 4, until: at(23_500), lost: at(100)))
    t(23_500, .timer, [.connect])
    t(23_600, .lost(.gatewayUnreachable), to: .pausing(tries: 5, until: at(31_600), lost: at(100)))
    #expect(t.machine.nextDeadline == at(30_100))
    t(30_100, .timer, [.failed(.windowOver)], to: .failed(.windowOver))
    #expect(t.machine.nextDeadline == nil)
    #expect(AutoReconnect.Failure.windowOver.reason == .reconnectFailed)
  }

  @Test("a try on its way when the window closes is given up; one that succeeds starts everything over")
  func window() {
    var t = Self.machine()
    t.given(.connected)
    t(0, .lost(.pathLost), [.interrupted])
    t(1_000, .timer, [.connect], to: .trying(1, lost: at(0)))
    #expect(t.machine.nextDeadline == at(30_000))
    var late = t
    late(29_999, .timer, to: .trying(1, lost: at(0)))
    late(30_000, .timer, [.giveUp, .failed(.windowOver)], to: .failed(.windowOver))
    t(2_000, .connected, to: .connected)
    t(40_000, .lost(.connectionLost), [.interrupted], to: .pausing(tries: 0, until: at(41_000), lost: at(40_000)))
  }

  @Test("jitter lengthens a pause by up to a quarter, and differs from pause to pause")
  func jitter() {
    var t = Self.machine(jitter: 250)
    t.given(.connected)
    var pauses: Set<SimDuration> = []
    for second in 0..<6 as Range<Int64> {
      t(second * 10_000, .lost(.pathLost), [.interrupted])
      guard case .pausing(_, let until, let lost) = t.machine.state else { return #expect(Bool(false), "it pauses") }
      #expect(until - lost >= .seconds(1) && until - lost <= .milliseconds(1_250))
      pauses.insert(until - lost)
      t(second * 10_000 + 2_000, .timer, [.connect])
      t(second * 10_000 + 3_000, .connected)
    }
    #expect(pauses.count > 1)
  }

  @Test("switched off, a lost session stays lost")
  func off() {
    var t = Self.machine(on: false)
    t.given(.connected)
    t(1, .lost(.pathLost), [.failed(.connection(.pathLost))], to: .failed(.connection(.pathLost)))
  }
}
