// Certificates and TLS versions, read and written.
import ScenarioModel
import Wire

extension Vocabulary {
  static let tlsVersions: Words<TLSVersion> = [("1.0", .tls10), ("1.1", .tls11), ("1.2", .tls12), ("1.3", .tls13)]
  static let certificateKinds: Words<HostCertificateSpec.Kind> = HostCertificateSpec.Kind.allCases.map { ($0.rawValue, $0) }
}

extension MapReader {
  /// The keys every certificate has.
  func certificate(into spec: inout CertificateSpec) {
    read("name", into: &spec.name) { $0.optional("auto") { $0.text() } }
    read("expired", into: &spec.expired) { $0.flag() }
    read("issuer", into: &spec.issuer) { $0.name("an authority") }
  }

  /// What a client or session host brings to TLS.
  func security(into spec: inout HostSpec) {
    read("tls", into: &spec.tls) { $0.word(Vocabulary.tlsVersions) }
    read("trusts", into: &spec.trusts) { $0.items { $0.name("an authority") } }
    read("certificate", into: &spec.certificate) { HostCertificateSpec.read($0) }
  }

  /// What the service shows, and how it speaks TLS.
  func security(into spec: inout ServiceSpec) {
    read("certificates", into: &spec.certificates) { $0.entries { ServiceCertificateSpec.read($0, $1) } }
    self["tls"]?.map("the service's tls") { map in
      map.read("lowest", into: &spec.tls.lowest) { $0.word(Vocabulary.tlsVersions) }
      map.read("highest", into: &spec.tls.highest) { $0.word(Vocabulary.tlsVersions) }
    }
  }
}

extension HostCertificateSpec {
  fileprivate static func read(_ cursor: Cursor) -> HostCertificateSpec? {
    cursor.map("a session host's certificate") { map in
      var spec = HostCertificateSpec()
      map.read("kind", into: &spec.kind) { $0.word(Vocabulary.certificateKinds) }
      map.certificate(into: &spec.certificate)
      if spec.kind == .selfSigned, let issuer = map["issuer"] {
        issuer.report("a self-signed certificate has no other issuer; say kind: enterprise-ca")
      }
      return spec
    }
  }
}

extension ServiceCertificateSpec {
  fileprivate static func read(_ id: String, _ cursor: Cursor) -> ServiceCertificateSpec {
    var spec = ServiceCertificateSpec(id: id)
    cursor.map("a certificate") { map -> Void? in map.certificate(into: &spec.certificate) }
    return spec
  }
}

extension Written {
  static func certificate(_ spec: CertificateSpec) -> [(key: String, value: Written)] {
    [("name", .text(spec.name ?? "auto")), ("expired", .flag(spec.expired)), ("issuer", .text(spec.issuer))]
  }

  static func security(_ spec: HostSpec) -> [(key: String, value: Written)] {
    var entries: [(key: String, value: Written)] = [
      ("tls", .scalar(Vocabulary.word(spec.tls, Vocabulary.tlsVersions))), ("trusts", .words(spec.trusts)),
    ]
    guard spec.role == .sessionHost else { return entries }
    let kind = spec.certificate.kind
    let fields = certificate(spec.certificate.certificate).filter { kind == .enterpriseCA || $0.key != "issuer" }
    entries.append(("certificate", .map([("kind", .scalar(kind.rawValue))] + fields)))
    return entries
  }

  static func security(_ spec: ServiceSpec) -> [(key: String, value: Written)] {
    [
      ("certificates", .map(spec.certificates.map { ($0.id, .map(certificate($0.certificate))) })),
      (
        "tls",
        .map([
          ("lowest", .scalar(Vocabulary.word(spec.tls.lowest, Vocabulary.tlsVersions))),
          ("highest", .scalar(Vocabulary.word(spec.tls.highest, Vocabulary.tlsVersions))),
        ])
      ),
    ]
  }
}
