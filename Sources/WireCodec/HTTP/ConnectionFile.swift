// A connection configuration as an .rdp file: lines of name, type and value, signed.
import SimulationKernel
import Wire

/// The text of an .rdp file (Microsoft, "Supported RDP properties": `name:type:value`). Gateways have a line of their own (*assumed*:
/// the product names one workspace and finds gateways by Front Door).
enum ConnectionFile {
  /// What every file begins with.
  private static let fixed = [
    "remoteapplicationmode:i:0", "authentication level:i:2", "promptcredentialonce:i:1", "enablerdsaadauth:i:0",
    "signscope:s:Full Address,Gateways,Use UDP",
  ]
  private static let gatewayLength = 120
  /// Longest gateway name: with an IPv6 endpoint the line is full.
  private static let gatewayName = 48

  /// The text, made `total` bytes by its last line.
  static func write(_ configuration: ConnectionConfiguration, total: Int, _ fields: inout ServiceFields) -> String {
    let seed = fields.identities.seed
    var lines = ["full address:s:" + fields.name(configuration.resource)] + fixed
    for gateway in configuration.gateways {
      let line = "gateway:s:\(fields.name(gateway.name, limit: gatewayName));\(gateway.endpoint);"
      let room = gatewayLength - 2 - line.utf8.count
      lines.append(line + Filler.text(seed: seed, key: gateway.name.value, count: room))
    }
    if let usesUDP = configuration.usesUDP { lines.append("use udp:i:\(usesUDP ? 1 : 0)") }
    lines.append(
      "signature:s:" + Base64.encode(fields.identities.bytes(of: configuration.signature, count: 256, as: "file signature")))
    lines.append("pcb:s:")
    let text = lines.joined(separator: "\r\n")
    return text + Filler.text(seed: seed, key: configuration.resource.value, count: total - 2 - text.utf8.count) + "\r\n"
  }

  static func read(_ text: ArraySlice<UInt8>, _ fields: inout ServiceFields) throws(CodecError) -> ConnectionConfiguration {
    var resource: ComponentKey?
    var gateways: [GatewayReference] = []
    var signature: Secret?
    var usesUDP: Bool?
    for line in String(decoding: text, as: UTF8.self).split(separator: "\r\n") {
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3, parts[1] == "s" || parts[1] == "i" else {
        throw .invalid(field: "line of an .rdp file", value: UInt64(line.utf8.count))
      }
      switch parts[0] {
      case "full address": resource = try fields.component(parts[2], "full address")
      case "gateway":
        let values = parts[2].split(separator: ";", omittingEmptySubsequences: false)
        guard values.count == 3 else { throw .invalid(field: "gateway line", value: UInt64(values.count)) }
        gateways.append(
          GatewayReference(
            name: try fields.component(values[0], "gateway name"),
            endpoint: try ServiceFields.endpoint(values[1], "gateway endpoint")))
      case "use udp":
        guard parts[2] == "0" || parts[2] == "1" else { throw .invalid(field: "use udp", value: UInt64(parts[2].utf8.count)) }
        usesUDP = parts[2] == "1"
      case "signature": signature = fields.identities.secret(of: try Base64.decode(parts[2], "file signature"))
      default: break
      }
    }
    guard let resource, let signature else { throw .truncated(what: ".rdp file", needed: 2, available: 0) }
    var configuration = ConnectionConfiguration(resource: resource, gateways: gateways, signature: signature)
    configuration.usesUDP = usesUDP
    return configuration
  }
}
