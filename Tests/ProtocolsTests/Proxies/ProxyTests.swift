// HTTP CONNECT as transcripts of both its ends, and its messages by the byte.
import Protocols
import SimulationKernel
import Testing
import Trace
import Wire

private let gateway = ComponentKey("gateway-1")
private let authority = HTTPAuthority(gateway, 443)
private let request = Message.proxy(.connect(authority))
private let remote = Endpoint(IPAddress("198.51.100.7")!, 443)
private let other = Message.service(.subscribe)

@Suite struct ProxyMessageTests {
  @Test(
    "a message is as long as its text (RFC 9112 sections 2 to 4)",
    arguments: [UInt16(80), 443, 8443].map { ProxyMessage.connect(HTTPAuthority(gateway, $0)) }
      + ProxyStatus.allCases.map { ProxyMessage.answer($0) })
  func lengths(message: ProxyMessage) {
    let text = message.text(host: String(repeating: "x", count: HTTPAuthority.nameLength))
    #expect(message.encodedLength == text.utf8.count)
    #expect(Message.proxy(message).encodedLength == text.utf8.count)
    #expect(text.hasSuffix("\r\n\r\n"))
  }

  @Test("CONNECT names the authority in its line and in Host; 200 has no length, 407 a scheme (RFC 9110 sections 9.3.6, 15.5.8)")
  func texts() {
    #expect(ProxyMessage.connect(authority).text(host: "a.b") == "CONNECT a.b:443 HTTP/1.1\r\nHost: a.b:443\r\n\r\n")
    #expect(ProxyMessage.answer(.established).text(host: "") == "HTTP/1.1 200 Connection established\r\n\r\n")
    #expect(ProxyMessage.answer(.authenticationRequired).text(host: "").contains("\r\nProxy-Authenticate: "))
    #expect(ProxyMessage.answer(.forbidden).text(host: "").contains("\r\nContent-Length: 0\r\n"))
  }
}

@Suite struct ProxyRequestTests {
  private var asking: Transcript<ProxyRequest> {
    var t = Transcript(ProxyRequest(for: authority))
    t(10, .connected, [.send(.connect(authority))], to: .asking(since: at(10)))
    return t
  }

  @Test("the tunnel is open from the first 2xx on, and what follows is not the proxy's (RFC 9110 section 9.3.6)")
  func opens() {
    var t = asking
    #expect(t.machine.nextDeadline == nil)
    t(11, .connected, to: .asking(since: at(10)))
    t(52, .received(.proxy(.answer(.established))), [.opened], to: .open(roundTrip: .milliseconds(42)))
    t(53, .received(.proxy(.answer(.forbidden))), to: .open(roundTrip: .milliseconds(42)))
    t(54, .closed, to: .open(roundTrip: .milliseconds(42)))
  }

  @Test(
    "each refusal means something else to whoever needed the tunnel",
    arguments: [
      (ProxyStatus.forbidden, ProxyRequest.Failure.forbidden, ChannelLoss.proxyRefused),
      (.authenticationRequired, .authenticationRequired, .proxyAuthentication),
      (.badGateway, .destinationUnreachable, .unreachable), (.gatewayTimeout, .destinationUnreachable, .unreachable),
    ])
  func refusals(status: ProxyStatus, failure: ProxyRequest.Failure, loss: ChannelLoss) {
    var t = asking
    t(20, .received(.proxy(.answer(status))), [.failed(failure)], to: .failed(failure))
    t(21, .received(.proxy(.answer(.established))), to: .failed(failure))
    #expect(failure.loss == loss)
  }

  @Test("a proxy that is not there, leaves, or speaks something else opens no tunnel")
  func endings() {
    var t = Transcript(ProxyRequest(for: authority))
    t(5, .closed, [.failed(.proxyUnreachable)], to: .failed(.proxyUnreachable))
    var u = asking
    u(20, .closed, [.failed(.closed)], to: .failed(.closed))
    var v = asking
    v(20, .received(other), [.failed(.violation)], to: .failed(.violation))
    var w = Transcript(ProxyRequest(for: authority))
    #expect(w.machine.state == .idle)
    w(1, .received(other), [.failed(.violation)])
    #expect(ProxyRequest.Failure.proxyUnreachable.loss.reason(unreachable: .feedUnreachable) == .proxyUnreachable)
    #expect(ProxyRequest.Failure.closed.loss.reason(unreachable: .feedUnreachable) == .feedUnreachable)
    #expect(ProxyRequest.Failure.violation.loss == .proxyRefused)
  }
}

@Suite struct ProxyTunnelTests {
  private static func tunnel(
    allowed: [ComponentKey]? = nil, requiresAuthentication: Bool = false, idle: SimDuration? = nil
  ) -> Transcript<ProxyTunnel> {
    let settings = ProxyTunnel.Settings(
      addresses: [gateway: remote.address], allowed: allowed, requiresAuthentication: requiresAuthentication, idle: idle)
    var t = Transcript(ProxyTunnel(settings: settings))
    #expect(t.machine.state == .idle && t.machine.nextDeadline == nil)
    t(0, .received(request), to: .idle)
    t(0, .accepted, to: .awaiting(until: at(30_000)))
    return t
  }

  @Test("the proxy resolves the name, connects, and answers when the destination is there")
  func opens() {
    var t = Self.tunnel(allowed: [gateway])
    t(1, .destinationUp, to: .awaiting(until: at(30_000)))
    t(2, .received(request), [.open(remote)], to: .opening)
    t(3, .timer(quietSince: at(0)), to: .opening)
    t(40, .destinationUp, [.send(.answer(.established)), .relay], to: .relaying(check: nil))
    #expect(t.machine.nextDeadline == nil)
    t(90, .timer(quietSince: at(41)), to: .relaying(check: nil))
    t(99, .closed, [.close], to: .ended(nil))
    t(100, .closed, to: .ended(nil))
  }

  @Test("what it does not want or cannot reach is refused with its own status, and told where it is the proxy's own doing")
  func refusals() {
    var a = Self.tunnel(requiresAuthentication: true)
    a(1, .received(request), [.send(.answer(.authenticationRequired)), .close, .failed(.unauthenticated)])
    var b = Self.tunnel(allowed: [ComponentKey("feed")])
    b(1, .received(request), [.send(.answer(.forbidden)), .close, .failed(.forbidden)], to: .ended(.forbidden))
    var c = Self.tunnel()
    let unknown = Message.proxy(.connect(HTTPAuthority(ComponentKey("nobody"), 443)))
    c(1, .received(unknown), [.send(.answer(.badGateway)), .close, .failed(.unknownName)])
    for (timedOut, status, failure) in [
      (true, ProxyStatus.gatewayTimeout, ProxyTunnel.Failure.destinationTimedOut), (false, .badGateway, .destinationRefused),
    ] {
      var d = Self.tunnel()
      d.given(.received(request))
      d(9, .destinationFailed(timedOut: timedOut), [.send(.answer(status)), .close, .failed(failure)], to: .ended(failure))
      #expect(failure.reason == nil)
    }
    #expect(ProxyTunnel.Failure.unauthenticated.reason == .proxyAuthenticationRequired)
    #expect(ProxyTunnel.Failure.forbidden.reason == .proxyRefused)
  }

  @Test("a tunnel that was quiet for the idle limit is closed at that moment, and one that spoke is looked at again")
  func idle() {
    var t = Self.tunnel(idle: .seconds(60))
    t.given(.received(request))
    t(500, .destinationUp, [.send(.answer(.established)), .relay], to: .relaying(check: at(60_500)))
    #expect(t.machine.nextDeadline == at(60_500))
    t(60_499, .timer(quietSince: at(500)), to: .relaying(check: at(60_500)))
    t(60_500, .timer(quietSince: at(20_000)), to: .relaying(check: at(80_000)))
    t(80_000, .timer(quietSince: at(20_000)), [.close, .failed(.idle)], to: .ended(.idle))
    #expect(ProxyTunnel.Failure.idle.reason == .proxyIdle)
  }

  @Test("a client that says nothing, something else, too much, or leaves is let go")
  func clients() {
    var a = Self.tunnel()
    #expect(a.machine.nextDeadline == at(30_000))
    a(29_999, .timer(quietSince: at(0)), to: .awaiting(until: at(30_000)))
    a(30_000, .timer(quietSince: at(0)), [.close, .failed(.noRequest)], to: .ended(.noRequest))
    var b = Self.tunnel()
    b(1, .received(other), [.close, .failed(.violation)], to: .ended(.violation))
    var c = Self.tunnel()
    c.given(.received(request))
    c(2, .received(other), [.close, .failed(.violation)])
    var d = Self.tunnel()
    d.given(.received(request))
    d(2, .closed, [.close], to: .ended(nil))
  }
}
