// The simulator's Binding messages and ICE checks as STUN bytes and back (RFC 8489, RFC 8445 §7.1).
public import Wire

public enum STUNCodec {
  /// A message's bytes; its password's and fragments' characters come from `identities`.
  public static func encode(_ message: STUNMessage, _ identities: inout Identities) -> [UInt8] {
    var attributes: [STUNAttribute] = []
    if let username = message.username {
      let text = identities.iceFragment(of: username.receiver) + [UInt8(ascii: ":")] + identities.iceFragment(of: username.sender)
      attributes.append(STUNAttribute(STUNAttribute.username, .bytes(text)))
    }
    if let mapped = message.mapped { attributes.append(STUNAttribute(STUNAttribute.xorMappedAddress, .address(mapped))) }
    if let code = message.errorCode {
      attributes.append(
        STUNAttribute(STUNAttribute.errorCode, .error(code: code, reason: Array(STUNMessage.reason(of: code).utf8))))
    }
    if let priority = message.priority { attributes.append(STUNAttribute(STUNAttribute.priority, .number(UInt64(priority)))) }
    if message.useCandidate { attributes.append(STUNAttribute(STUNAttribute.useCandidate, .flag)) }
    switch message.role {
    case .controlling(let breaker): attributes.append(STUNAttribute(STUNAttribute.iceControlling, .number(breaker)))
    case .controlled(let breaker): attributes.append(STUNAttribute(STUNAttribute.iceControlled, .number(breaker)))
    case nil: break
    }
    let frame = STUNFrame(kind: message.kind, transaction: message.transaction, attributes: attributes)
    let integrity: STUNFrame.Integrity =
      message.integrity == .none ? .none : .sha1(key: identities.icePassword(of: message.integrity))
    return frame.encoded(integrity, fingerprint: message.fingerprint)
  }

  /// A Binding message read strictly: a wrong fingerprint, an integrity that none of `keys` made and an unknown attribute that must be
  /// understood are errors. What `STUNMessage` does not model is passed over.
  /// - Parameter keys: passwords to try; with none, integrity is not judged and named by its own bytes.
  public static func decode(
    _ bytes: ArraySlice<UInt8>, keys: [Secret] = [], _ identities: inout Identities
  ) throws(CodecError) -> STUNMessage {
    let read = try DecodedSTUN(bytes)
    guard read.frame.method == STUNFrame.binding else {
      throw .unsupported(what: "STUN method", value: UInt64(read.frame.method))
    }
    if read.fingerprint == .wrong { throw .integrity(field: "FINGERPRINT") }
    var message = STUNMessage(kind: read.frame.kind, transaction: read.frame.transaction)
    message.fingerprint = read.fingerprint == .right
    message.integrity = try integrity(of: read, keys, &identities)
    if let type = read.frame.unknownRequired.first {
      throw .unsupported(what: "comprehension-required STUN attribute", value: UInt64(type))
    }
    let protected = read.protected
    for attribute in protected.reversed() { take(attribute, into: &message, &identities) }
    // RFC 8489 §14.1: servers of old say it plainly.
    if message.mapped == nil,
      case .address(let mapped) = protected.first(where: { $0.type == STUNAttribute.mappedAddress })?.value
    {
      message.mapped = mapped
    }
    return message
  }

  private static func integrity(
    of read: DecodedSTUN, _ keys: [Secret], _ identities: inout Identities
  ) throws(CodecError) -> Secret {
    let types = [STUNAttribute.messageIntegrity, STUNAttribute.messageIntegritySHA256]
    guard let code = read.frame.attributes.first(where: { types.contains($0.type) }) else { return .none }
    for key in keys where read.integrity(key: identities.icePassword(of: key)) == .right { return key }
    guard keys.isEmpty else { throw .integrity(field: code.name) }
    return identities.secret(of: code.encodedValue(read.frame.transaction))
  }

  /// One attribute's meaning. They come last to first, so that the first of several counts.
  private static func take(_ attribute: STUNAttribute, into message: inout STUNMessage, _ identities: inout Identities) {
    switch (attribute.type, attribute.value) {
    case (STUNAttribute.username, .bytes(let text)):
      guard let colon = text.firstIndex(of: UInt8(ascii: ":")) else { return }
      message.username = ICEUsername(
        receiver: identities.secret(of: text[..<colon]), sender: identities.secret(of: text[(colon + 1)...]))
    case (STUNAttribute.xorMappedAddress, .address(let mapped)): message.mapped = mapped
    case (STUNAttribute.errorCode, .error(let code, _)): message.errorCode = code
    case (STUNAttribute.priority, .number(let priority)): message.priority = UInt32(truncatingIfNeeded: priority)
    case (STUNAttribute.useCandidate, _): message.useCandidate = true
    case (STUNAttribute.iceControlling, .number(let breaker)): message.role = .controlling(tieBreaker: breaker)
    case (STUNAttribute.iceControlled, .number(let breaker)): message.role = .controlled(tieBreaker: breaker)
    default: break
    }
  }
}
