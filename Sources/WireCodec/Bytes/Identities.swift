// Names to bytes and back: inside a world secrets, keys and components are numbers; on the wire they are texts, keys and hashes.
import Crypto
public import SimulationKernel
public import Wire

/// The bytes that a world's symbolic names stand for. The same seed gives the same bytes; what this value has made, it recognises again,
/// and bytes of strangers get names of their own, the same for the same bytes.
public struct Identities: Sendable {
  /// The world's seed.
  public let seed: UInt64
  /// Components by their keys, as DNS names and the like show them.
  public private(set) var texts: [ComponentKey: String]
  private var keys: [String: ComponentKey]
  /// Secrets by the bytes they were written as.
  private var known: [[UInt8]: Secret] = [:]

  public init(seed: UInt64, texts: [ComponentKey: String] = [:]) {
    self.seed = seed
    self.texts = texts
    keys = Dictionary(texts.map { ($0.value, $0.key) }, uniquingKeysWith: { a, b in min(a, b) })
  }

  // MARK: Components

  /// The text a component is called by; one made of its key when it has none.
  public mutating func text(of key: ComponentKey) -> String {
    if let text = texts[key] { return text }
    let text = "x" + hex(key.value)
    (texts[key], keys[text]) = (text, key)
    return text
  }

  /// The component called by a text.
  public mutating func key(of text: String) -> ComponentKey {
    if let key = keys[text] { return key }
    let key = ComponentKey(text)
    (texts[key], keys[text]) = (text, key)
    return key
  }

  // MARK: Secrets

  /// `count` bytes that stand for a secret, as `purpose` (a cookie, a password …) uses it: SHA-256 in counter mode over the seed, the
  /// purpose and the secret's id.
  public mutating func bytes(of secret: Secret, count: Int, as purpose: String) -> [UInt8] {
    var out: [UInt8] = []
    var block: UInt32 = 0
    while out.count < count {
      var input = ByteWriter()
      input.big(seed)
      input.big(secret.id)
      input.big(block)
      input.append(purpose)
      out += SHA256.hash(data: input.bytes)
      block += 1
    }
    out.removeLast(out.count - count)
    known[out] = secret
    return out
  }

  /// `count` characters of the ICE alphabet (RFC 8839 §5.4: letters, digits, `+` and `/`) that stand for a secret.
  public mutating func characters(of secret: Secret, count: Int, as purpose: String) -> [UInt8] {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    let text = bytes(of: secret, count: count, as: purpose).map { alphabet[Int($0 & 63)] }
    known[text] = secret
    return text
  }

  /// The SHA-256 of a secret's bytes, for fields that show a secret without giving it away; read back as `Secret.hashed`.
  public mutating func hash(of secret: Secret, count: Int, as purpose: String) -> [UInt8] {
    let digest = Array(SHA256.hash(data: bytes(of: secret, count: count, as: purpose)))
    known[digest] = secret.hashed
    return digest
  }

  /// Says that `bytes` stand for `secret`.
  public mutating func learn(_ bytes: [UInt8], as secret: Secret) { known[bytes] = secret }

  /// The secret that was written as `bytes`, or a stranger's.
  public mutating func secret(of bytes: some Collection<UInt8>) -> Secret {
    let bytes = Array(bytes)
    if let secret = known[bytes] { return secret }
    let digest = SHA256.hash(data: bytes).prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let secret = Secret(id: digest)
    known[bytes] = secret
    return secret
  }
}
