// What `shortpath new` writes runs, holds what it expects, and teaches something when it is changed as its comments say.
import ScenarioFormat
import ScenarioModel
import Simulation
import Testing

@Suite("The templates of shortpath new")
struct TemplateTests {
  @Test("Each is read, runs, and holds what it expects", arguments: Template.all.map(\.name))
  func holds(_ name: String) throws {
    let template = try #require(Template.named(name))
    let run = try Simulator.run(ScenarioReader.read(text: template.text, name: name + ".yaml"))
    #expect(!run.expectations.isEmpty && run.succeeded)
    #expect((20...45).contains(template.text.split(separator: "\n").count))
  }

  @Test(
    "What a template's comments say to try takes the session elsewhere",
    arguments: [
      ("home-worker", ["networks.home.nat=symmetric"]),
      ("branch-with-vpn", ["hosts.sh-1.shortpath.managed-listener=off"]),
      ("branch-with-vpn", ["restore hosts.vpn-gateway.firewall.rules.no-inner-udp"]),
      (
        "locked-down-office",
        ["restore networks.office.firewall.rules.allow-stun", "restore networks.office.firewall.rules.allow-direct"]
      ),
      ("azure-firewall-hub", ["networks.hub.nat=azure-firewall-cone"]), ("azure-firewall-hub", ["networks.home.nat=full-cone"]),
    ])
  func tried(_ name: String, _ changes: [String]) throws {
    let template = try #require(Template.named(name))
    var scenario = try ScenarioReader.read(text: template.text, name: name + ".yaml")
    for change in changes {
      #expect(template.text.contains(change))
      scenario = try scenario.applying(ChangeReader.parse(change))
    }
    #expect(try !Simulator.run(scenario).succeeded)
  }
}
