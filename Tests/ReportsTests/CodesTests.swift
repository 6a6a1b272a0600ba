// Every code that a result can print has a page, and every page belongs to a code.
import NetworkModel
@testable import Reports
import Testing
import Trace

@Suite struct CodesTests {
  static let known = Set(Reason.allCases.map(\.code) + DropReason.allCases.map(\.code))

  @Test("Every reason and drop reason has a page")
  func complete() { for code in Self.known.sorted() { #expect(Codes.page(of: code) != nil, "no page for \(code)") } }

  @Test("No page is orphaned, and no code has two")
  func noOrphans() {
    let codes = Codes.pages.map(\.code)
    #expect(codes.allSatisfy(Self.known.contains))
    #expect(Set(codes).count == codes.count)
  }

  @Test("Every page is whole: a title without a full stop, and sentences", arguments: Codes.pages.map(\.code))
  func whole(code: String) throws {
    let page = try #require(Codes.page(of: code))
    #expect(!page.title.isEmpty && page.title.last != "." && page.title.count <= 80)
    for part in [page.cause, page.confirm, page.fix, page.source] {
      #expect(part.count >= 8 && (part.hasSuffix(".") || part.hasSuffix("?")), "\(page.code): \(part)")
    }
    #expect(page.text(width: 80).split(separator: "\n").allSatisfy { $0.count <= 90 })
  }

  @Test("The list has a line for every page")
  func list() { for page in Codes.pages { #expect(Codes.list().contains("  \(page.code) ")) } }

  @Test("The presets' table has every preset")
  func presets() {
    for preset in TranslationBehaviour.presets { #expect(PresetTable.text().contains(preset.name)) }
    #expect(PresetTable.text().contains("APDM") && PresetTable.text().contains("DenyAllInBound"))
  }
}
