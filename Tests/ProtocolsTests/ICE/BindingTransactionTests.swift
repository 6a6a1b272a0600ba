// Transcripts of one Binding transaction: schedule, answers, ICMP errors, cancellation.
import Protocols
import SimulationKernel
import Testing
import Wire

@Suite struct BindingTransactionTests {
  typealias Machine = BindingTransaction
  let server = Endpoint(IPAddress(v4: 0x14CA_0001), 3478)
  let mapped = Endpoint(IPAddress(v4: 0x0A00_0001), 50_000)
  let id = TransactionID(high: 1, low: 2)

  func feed(_ machine: inout Machine, _ input: Machine.Input, _ milliseconds: Int64) -> [Machine.Effect] {
    var effects: [Machine.Effect] = []
    machine.handle(input, at: SimTime(nanoseconds: milliseconds * 1_000_000), into: &effects)
    return effects
  }
  func started() -> Machine {
    var machine = Machine(id: id, asked: server)
    _ = feed(&machine, .start, 0)
    return machine
  }
  var success: STUNMessage {
    var message = STUNMessage(kind: .success, transaction: id)
    message.mapped = mapped
    return message
  }

  @Test("RFC 8489 §6.2.1: requests would be sent at times 0, 500, 1500, 3500, 7500, 15500 and 31500 ms; timed out after 39500 ms")
  func schedule() {
    var machine = Machine(id: id, asked: server)
    #expect(machine.state == .idle)
    #expect(feed(&machine, .start, 0) == [.send(number: 1)])
    #expect(machine.state == .waiting(sent: 1, until: .zero + .milliseconds(500)))
    #expect(machine.nextDeadline == .zero + .milliseconds(500))
    #expect(feed(&machine, .timer, 499) == [])
    for (number, at) in [(2, 500), (3, 1_500), (4, 3_500), (5, 7_500), (6, 15_500), (7, 31_500)] as [(Int, Int64)] {
      #expect(machine.nextDeadline == .zero + .milliseconds(at))
      #expect(feed(&machine, .timer, at) == [.send(number: number)])
    }
    #expect(feed(&machine, .timer, 39_499) == [])
    #expect(feed(&machine, .timer, 39_500) == [.failed(.timedOut)])
    #expect(machine.nextDeadline == nil)
    #expect(Machine.Settings().lifetime == .milliseconds(39_500))
  }

  @Test("a scenario can change RTO, Rc and Rm")
  func changedSettings() {
    var machine = Machine(id: id, asked: server, settings: .init(rto: .milliseconds(100), requests: 2, finalWait: 4))
    #expect(feed(&machine, .start, 0) == [.send(number: 1)])
    #expect(feed(&machine, .timer, 100) == [.send(number: 2)])
    #expect(feed(&machine, .timer, 500) == [.failed(.timedOut)])
  }

  @Test("a success response gives the reflexive address, and later duplicates say nothing")
  func answered() {
    var machine = started()
    #expect(feed(&machine, .response(success), 30) == [.succeeded(reflexive: mapped)])
    #expect(feed(&machine, .response(success), 31) == [])
    #expect(feed(&machine, .timer, 500) == [])
    #expect(machine.nextDeadline == nil)
  }

  @Test("RFC 8489 §6.2.1 (Karn): no round trip from a transaction that was retransmitted")
  func karn() {
    var machine = started()
    #expect(machine.roundTrip(at: .zero + .milliseconds(30)) == .milliseconds(30))
    _ = feed(&machine, .timer, 500)
    #expect(machine.wasRetransmitted)
    #expect(machine.roundTrip(at: .zero + .milliseconds(530)) == nil)
  }

  @Test("RFC 8489 §6.2.1: considered failed if there has been a hard ICMP error; soft ones are ignored (RFC 1122 §4.2.3.9)")
  func icmp() {
    for kind in ICMPError.Kind.allCases {
      var machine = started()
      let expected: [Machine.Effect] = kind == .portUnreachable ? [.failed(.unreachable(kind))] : []
      #expect(feed(&machine, .icmp(kind), 10) == expected)
    }
  }

  @Test("a socket without a route fails the transaction at once")
  func noRoute() {
    var machine = started()
    #expect(feed(&machine, .sendFailed, 0) == [.failed(.noRoute)])
  }

  @Test("an error response ends it with its code; a success without a mapped address is refused")
  func refused() {
    var machine = started()
    var error = STUNMessage(kind: .error, transaction: id)
    error.errorCode = 400
    #expect(feed(&machine, .response(error), 10) == [.failed(.refused(400))])
    machine = started()
    #expect(feed(&machine, .response(STUNMessage(kind: .success, transaction: id)), 10) == [.failed(.refused(0))])
  }

  @Test("RFC 8445 §7.3.1.4: cancelled, it does not retransmit, yet waits the duration of the transaction timeout for a response")
  func cancelled() {
    var machine = started()
    #expect(feed(&machine, .cancel, 40) == [])
    #expect(machine.nextDeadline == .zero + .milliseconds(39_500))
    #expect(feed(&machine, .timer, 500) == [])
    #expect(feed(&machine, .icmp(.portUnreachable), 600) == [])
    var answered = machine
    #expect(feed(&answered, .response(success), 700) == [.succeeded(reflexive: mapped)])
    #expect(feed(&machine, .timer, 39_500) == [])
    #expect(machine.state == .failed(.cancelled))
  }

  @Test("only a response with its id and from the address that was asked answers it")
  func answers() {
    let machine = started()
    #expect(machine.answers(success, from: server))
    #expect(!machine.answers(success, from: mapped))
    #expect(!machine.answers(STUNMessage(kind: .request, transaction: id), from: server))
    #expect(!machine.answers(STUNMessage(kind: .success, transaction: TransactionID(high: 1, low: 3)), from: server))
  }
}
