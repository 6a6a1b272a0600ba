// Certificates: exact sizes, dates, and what a reader makes of them.
import SimulationKernel
import Testing
import Wire

@testable import WireCodec

@Suite struct X509Tests {
  @Test("a chain has the size asked for, whatever the names, and says what the certificate says")
  func chains() throws {
    var values = SeededValues(2)
    var identities = Identities(seed: 9)
    for _ in 0..<300 {
      let subject = values.component(&identities)
      let certificate = Certificate(
        subject: subject, issuer: values.flip() ? subject : values.component(&identities), expired: values.flip(),
        fingerprint: values.secret())
      let total = 1_800 + values.below(800)
      let chain = X509.chain(certificate, total: total, identities: &identities)
      #expect(chain.reduce(0) { $0 + 3 + $1.count } == total)
      #expect(chain.count == (certificate.issuer == certificate.subject ? 1 : 2))
      #expect(try X509.read(chain[0][...], at: WorldCalendar.start, identities: &identities) == certificate)
      // Names the reader has never heard of stay apart, the key is known by its bytes.
      var stranger = Identities(seed: 1)
      let seen = try X509.read(chain[0][...], at: WorldCalendar.start, identities: &stranger)
      #expect(seen.expired == certificate.expired && (seen.subject == seen.issuer) == (chain.count == 1))
    }
  }

  @Test("every size from the smallest on can be met")
  func sizes() {
    var identities = Identities(seed: 9)
    let name = ComponentKey("gateway.example")
    for total in 1_541...2_600 {
      let certificate = Certificate(subject: name, issuer: ComponentKey("ca.example"), fingerprint: Secret(id: 1))
      #expect(X509.chain(certificate, total: total, identities: &identities).reduce(0) { $0 + 3 + $1.count } == total)
    }
  }

  @Test("what is in date today has expired in a hundred years")
  func expiry() throws {
    var identities = Identities(seed: 9)
    let name = ComponentKey("gateway.example")
    let certificate = Certificate(subject: name, issuer: name, fingerprint: Secret(id: 1))
    let bytes = X509.chain(certificate, total: 1_600, identities: &identities)[0]
    #expect(try !X509.read(bytes[...], at: WorldCalendar.start, identities: &identities).expired)
    #expect(try X509.read(bytes[...], at: WorldCalendar.start + 36_500 * WorldCalendar.day, identities: &identities).expired)
  }

  @Test("dates to digits and back, leap days and centuries included")
  func dates() {
    #expect(WorldCalendar.digits(WorldCalendar.start, yearDigits: 4) == "20260101000000Z")
    #expect(WorldCalendar.digits(951_782_399, yearDigits: 2) == "000228235959Z")
    #expect(WorldCalendar.digits(951_782_400, yearDigits: 4) == "20000229000000Z")
    #expect(WorldCalendar.digits(-1, yearDigits: 4) == "19691231235959Z")
    #expect(WorldCalendar.seconds(year: 2026, month: 1, day: 1, hour: 0, minute: 0, second: 0) == WorldCalendar.start)
    #expect(WorldCalendar.seconds(year: 2100, month: 2, day: 29, hour: 0, minute: 0, second: 0) == nil)
    #expect(WorldCalendar.seconds(year: 2024, month: 2, day: 29, hour: 23, minute: 59, second: 59) == 1_709_251_199)
    #expect(WorldCalendar.seconds(year: 0, month: 1, day: 1, hour: 0, minute: 0, second: 0) == -62_167_219_200)
    #expect(WorldCalendar.seconds(year: 2024, month: 0, day: 1, hour: 0, minute: 0, second: 0) == nil)
  }

  @Test("lengths that are not the shortest, indefinite ones and long tags are refused")
  func derMistakes() {
    func error(_ bytes: [UInt8]) -> CodecError? {
      var reader = DERReader(bytes[...])
      do {
        _ = try reader.any("value")
        return nil
      } catch { return error }
    }
    #expect(error([0x30, 0x03, 1, 2, 3]) == nil)
    #expect(error([0x30, 0x80, 0, 0]) == .invalid(field: "value length", value: 0x80))
    #expect(error([0x30, 0x81, 0x03, 1, 2, 3]) == .invalid(field: "value length", value: 3))
    #expect(error([0x30, 0x82, 0x00, 0x80]) == .invalid(field: "value length", value: 0x80))
    #expect(error([0x3F, 0x81, 0x00]) == .unsupported(what: "value tag", value: 0x3F))
    #expect(error([0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF]) == .truncated(what: "value", needed: 0xFFFF_FFFF, available: 0))
  }

  @Test("whatever is done to a certificate, reading it ends")
  func mutations() {
    var values = SeededValues(21)
    var identities = Identities(seed: 9)
    let corpus = (0..<20).flatMap { _ in
      X509.chain(
        Certificate(subject: values.component(&identities), issuer: values.component(&identities), fingerprint: values.secret()),
        total: 1_900, identities: &identities)
    }
    let outcome = Mutations.survive(corpus) { bytes throws(CodecError) in
      var fresh = Identities(seed: 7)
      _ = try X509.read(bytes, at: WorldCalendar.start, identities: &fresh)
    }
    #expect(outcome.accepted > 0 && outcome.refused > Mutations.budget / 10)
  }
}
