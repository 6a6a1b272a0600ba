// What a session looks like to those who have only its logs: Log Analytics, the client's dialog, the session host's events.
import Simulation
import Trace
import Wire

/// Signs of a session in a real estate (Microsoft, RDP Shortpath for Azure Virtual Desktop; Troubleshoot RDP Shortpath).
enum FieldSigns {
  static func lines(of session: SessionResult) -> [String] {
    var lines: [String] = []
    if let transport = session.transport {
      let seen = seen(transport)
      lines.append(
        "Log Analytics: WVDConnections.UdpUse \(transport.udpUse) (any value but 1, 2 and 4 is TCP), TransportType \(seen.type)")
      lines.append("Client, Connection Information: \(seen.dialog)")
      lines.append("Session host, RemoteDesktopServices-RdpCoreCDV/Operational: \(seen.events)")
    } else {
      lines.append("Log Analytics: WVDConnections of this CorrelationId never reaches State Connected, or goes on to Completed")
    }
    let names = errors(of: session)
    if !names.isEmpty { lines.append("Log Analytics: WVDErrors.CodeSymbolic \(names.joined(separator: ", "))") }
    return lines
  }

  private static func seen(_ transport: Transport) -> (type: String, dialog: String, events: String) {
    let both = "131 (connection accepted, UDP) and 135 (multitransport done: tunnel 1, UDP)"
    return switch transport {
    case .reverseConnect: ("Websocket", "TCP (WebSocket)", "neither 131 with UDP nor 135")
    case .managed: ("Shortpath", "UDP (Private Network)", both)
    case .public: ("Shortpath", "UDP", both)
    case .relayed: ("TURN", "UDP (Relay)", both)
    }
  }

  /// The names under which a failure or a loss is logged, as far as they are published.
  static func errors(of session: SessionResult) -> [String] {
    var names: [String] = []
    for reason in session.failures.map(\.reason) + session.reconnects.map(\.reason) {
      for name in errors(of: reason) where !names.contains(name) { names.append(name) }
    }
    return names
  }

  private static func errors(of reason: Reason) -> [String] {
    switch reason {
    case .pathLost: ["ShortpathTransportNetworkDrop"]
    case .connectionLost: ["ConnectionFailedClientDisconnect", "ConnectionFailedServerDisconnect"]
    case .hostUnreachable: ["ReverseConnectResponseTimeout"]
    case .noHealthyHost: ["ConnectionFailedNoHealthyRdshAvailable"]
    case .gatewayUnreachable: ["GatewayServerNotFound"]
    default: []
    }
  }
}
