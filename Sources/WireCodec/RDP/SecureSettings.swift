// The Client Info PDU (MS-RDPBCGR §2.2.1.11) and the licensing PDUs that end licensing at once (§2.2.1.12).
import Wire

extension RDPCodec {
  /// The flags of a basic security header (MS-RDPBCGR §2.2.8.1.1.2.1).
  enum SecurityFlag {
    static let transportRequest: UInt16 = 0x0002
    static let transportResponse: UInt16 = 0x0004
    static let info: UInt16 = 0x0040
    static let license: UInt16 = 0x0080
    /// SEC_LICENSE_ENCRYPT_CS, by which servers say what they could read; it changes nothing.
    static let licenseEncryption: UInt16 = 0x0200
    static let autodetectRequest: UInt16 = 0x1000
    static let autodetectResponse: UInt16 = 0x2000
    static let heartbeat: UInt16 = 0x4000
  }

  /// Basic security header: flags, and their unused high half.
  static func secured(_ flags: UInt16, _ body: [UInt8]) -> [UInt8] {
    var writer = ByteWriter(capacity: body.count + 4)
    writer.little(flags)
    writer.little(UInt16(0))
    writer.append(body)
    return writer.bytes
  }

  enum ClientInfo {
    /// Mouse, no Ctrl+Alt+Del, autologon, Unicode, maximized shell, logon notifications, Windows key, logon errors, wheel
    /// (§2.2.1.11.1.1). Compression is not offered: channel data here have lengths only.
    static let flags: UInt32 = 0x0003_017B
    static let unicode: UInt32 = 0x10
    /// Characters of the sign-in token, where the password stands (*assumed*; AVD's own way with RDSTLS or Entra ID is longer).
    static let tokenLength = 32
    static let directory = "C:\\Windows\\System32\\mstscax.dll\0"
    /// Wallpaper, themes, font smoothing and composition stay as they are (§2.2.1.11.1.1.1 performanceFlags).
    static let performance: UInt32 = 0x0000_0180
    static let zone = "UTC"
    static let zoneName = "Coordinated Universal Time"

    static func encode(token: Secret, _ identities: inout Identities) -> [UInt8] {
      let password = identities.characters(of: token, count: tokenLength, as: "sign-in token")
      var writer = ByteWriter(capacity: 360)
      writer.little(Keyboard.layout)
      writer.little(flags)
      // Domain, user (the token names it), password, shell and working directory: lengths without their terminators.
      for length in [0, 0, password.count * 2, 0, 0] { writer.little(UInt16(length)) }
      writer.fill(count: 2 + 2)
      for character in password { writer.little(UInt16(character)) }
      writer.fill(count: 2 + 2 + 2)
      // Extended info (§2.2.1.11.1.1.1): AF_INET without an address, and the client's directory.
      writer.little(UInt16(2))
      writer.little(UInt16(2))
      writer.wide("\0")
      writer.little(UInt16(directory.utf16.count * 2))
      writer.wide(directory)
      // Time zone (§2.2.1.11.1.1.1.1): bias, then name, change and bias of standard and of daylight time.
      writer.little(UInt32(0))
      for _ in 0..<2 {
        writer.wide(zoneName, in: 64)
        writer.fill(count: 16 + 4)
      }
      writer.little(UInt32(0))
      writer.little(performance)
      // No auto-reconnect cookie, two reserved fields, the zone's key, daylight time as the zone has it.
      writer.fill(count: 2 + 2 + 2)
      writer.little(UInt16(zone.utf16.count * 2))
      writer.wide(zone)
      writer.little(UInt16(0))
      return secured(SecurityFlag.info, writer.bytes)
    }

    /// Reads what follows the security header.
    static func decode(_ reader: inout ByteReader, _ identities: inout Identities) throws(CodecError) -> RDPMessage {
      try reader.skip(4, "client info code page")
      let flags = try reader.little(UInt32.self, "client info flags")
      guard flags & unicode != 0 else { throw .unsupported(what: "client info in code pages, flags", value: UInt64(flags)) }
      var lengths: [Int] = []
      for _ in 0..<5 { lengths.append(Int(try reader.little(UInt16.self, "client info lengths"))) }
      var password: ArraySlice<UInt8> = []
      for (row, length) in lengths.enumerated() {
        let text = try reader.take(length, "client info text")
        try reader.expect(little: UInt16(0), "end of a client info text")
        if row == 2 { password = text }
      }
      try decodeExtended(&reader)
      var characters: [UInt8] = []
      var units = ByteReader(password)
      while !units.isAtEnd {
        let unit = try units.little(UInt16.self, "client info password")
        guard unit < 0x80 else { throw .unsupported(what: "character of a sign-in token", value: UInt64(unit)) }
        characters.append(UInt8(unit))
      }
      return .clientInfo(token: identities.secret(of: characters))
    }

    /// Extended info; every field from the reconnect cookie on is optional.
    private static func decodeExtended(_ reader: inout ByteReader) throws(CodecError) {
      try reader.skip(2, "client address family")
      try reader.skip(Int(reader.little(UInt16.self, "client address")), "client address")
      try reader.skip(Int(reader.little(UInt16.self, "client directory")), "client directory")
      try reader.skip(172 + 4 + 4, "client time zone")
      if reader.isAtEnd { return }
      try reader.skip(Int(reader.little(UInt16.self, "reconnect cookie")), "reconnect cookie")
      if reader.isAtEnd { return }
      try reader.skip(2 + 2, "client info reserved fields")
      try reader.skip(Int(reader.little(UInt16.self, "time zone key")), "time zone key")
      try reader.skip(2, "daylight time")
      try reader.end(of: "client info")
    }
  }

  enum Licensing {
    /// ERROR_ALERT and the size of the whole message, of the current version (§2.2.1.12.1.1).
    static let errorAlert: UInt8 = 0xFF
    static let version3: UInt8 = 3
    static let size: UInt16 = 16
    /// An empty BB_ERROR_BLOB (§2.2.1.12.1.2).
    static let errorBlob: UInt16 = 4

    /// Error code and state transition (§2.2.1.12.1.3).
    private enum Outcome {
      /// STATUS_VALID_CLIENT, ST_NO_TRANSITION.
      static let valid: (UInt32, UInt32) = (7, 2)
      /// ERR_NO_LICENSE_SERVER, ST_TOTAL_ABORT: what a host says that has no licence to give.
      static let refused: (UInt32, UInt32) = (6, 1)
    }

    static func encode(valid: Bool) -> [UInt8] {
      let (code, transition) = valid ? Outcome.valid : Outcome.refused
      var writer = ByteWriter()
      writer.big(errorAlert)
      writer.big(version3)
      writer.little(size)
      writer.little(code)
      writer.little(transition)
      writer.little(errorBlob)
      writer.little(UInt16(0))
      return secured(SecurityFlag.license, writer.bytes)
    }

    static func decode(_ reader: inout ByteReader) throws(CodecError) -> RDPMessage {
      let type = try reader.byte("licensing message")
      guard type == errorAlert else { throw .unsupported(what: "licensing message", value: UInt64(type)) }
      try reader.skip(1, "licensing flags")
      try reader.expect(little: UInt16(reader.remaining + 2), "licensing message's size")
      let code = try reader.little(UInt32.self, "licensing error")
      let transition = try reader.little(UInt32.self, "licensing transition")
      try reader.skip(2, "licensing blob")
      try reader.skip(Int(reader.little(UInt16.self, "licensing blob")), "licensing blob")
      try reader.end(of: "licensing message")
      if (code, transition) == Outcome.valid { return .licenseValidClient }
      guard transition == Outcome.refused.1 else { throw .unsupported(what: "licensing transition", value: UInt64(transition)) }
      return .licenseRefused
    }
  }
}
